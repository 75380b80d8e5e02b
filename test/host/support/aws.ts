import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADDRESS, type Host } from './host';
import { authorizationOf, type SignedRequest } from './signature';

export const REGION = 'eu-central-1';
export const KEYS = { AccessKeyId: 'ASIAEXAMPLE', SecretAccessKey: 'c2VjcmV0/+key', Token: 'role-token//+==' };
const SERVICES = [
  ...['secretsmanager', 'ssm', 'cloudformation', 'logs'].map((name) => `${name}.${REGION}.amazonaws.com`),
  'route53.amazonaws.com',
];

/** The AWS services that an EC2 host with a role uses (aws.py), in the client's namespace. */
export class Aws {
  private constructor(
    private readonly host: Host,
    private readonly folder: string,
  ) {}

  /** Makes them reachable for the host: addresses, and a certificate like a public CA's. Resolves when they answer. */
  static async near(host: Host): Promise<Aws> {
    const aws = new Aws(host, await mkdtemp(join(tmpdir(), 'portway-aws-')));
    await host.sh('client', 'ip addr add 169.254.169.254/32 dev lo');
    await host.sh('gateway', `ip route add 169.254.169.254 via ${ADDRESS.client.v4}`);
    const names = `subjectAltName=${SERVICES.map((name) => `DNS:${name}`).join(',')}`;
    const make = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=aws -addext '${names}'`;
    const both = await host.sh('gateway', `${make} -keyout /run/k -out /run/c 2>/dev/null; cat /run/c /run/k`);
    await writeFile(join(aws.folder, 'aws.pem'), both);
    await host.sh(
      'gateway',
      `echo '${ADDRESS.client.v4} ${SERVICES.join(' ')}' >>/etc/hosts
       cp /run/c /etc/ssl/certs/aws.pem; cd /etc/ssl/certs; ln -s aws.pem $(openssl x509 -hash -noout -in aws.pem).0`,
    );
    await aws.keep('keys', { Code: 'Success', ...KEYS });
    return aws;
  }

  serve(): Promise<void> {
    const script = this.host.support('client', 'aws.py');
    return this.host.serve('client', ['python3', script, this.folder, join(this.folder, 'aws.pem')]);
  }

  stop(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  /** Sets what it knows from now on, see aws.py. Without a value, it is unknown. */
  async keep(
    name:
      | 'keys'
      | 'secret'
      | 'parameters'
      | 'tag'
      | 'progress'
      | 'denied'
      | 'clock'
      | 'streams'
      | 'outage'
      | 'endpoint',
    value?: unknown,
  ): Promise<void> {
    const file = join(this.folder, name);
    if (value === undefined) return rm(file, { force: true });
    // In one step, since requests may arrive at any moment.
    await writeFile(`${file}.new`, typeof value === 'string' ? value : JSON.stringify(value));
    await rename(`${file}.new`, file);
  }

  requests(): Promise<readonly SignedRequest[]> {
    return this.lines('requests');
  }

  /** The signals that CloudFormation accepted: the arguments of SignalResource. */
  signals(): Promise<readonly Readonly<Record<string, string>>[]> {
    return this.lines('signals');
  }

  /** The events that CloudWatch Logs took. */
  events(): Promise<readonly { readonly stream: string; readonly timestamp: number; readonly message: string }[]> {
    return this.lines('events');
  }

  private async lines<T>(name: string): Promise<readonly T[]> {
    const text = await readFile(join(this.folder, name), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  /** Whether AWS's own library would have signed it the same way. */
  async isSigned(request: SignedRequest): Promise<boolean> {
    return request.headers.authorization === (await authorizationOf(request, KEYS, REGION));
  }
}
