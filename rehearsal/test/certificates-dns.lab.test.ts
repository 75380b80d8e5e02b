import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { App, LegacyStackSynthesizer, Stack } from 'aws-cdk-lib';
import { type IHostedZone, PublicHostedZone } from 'aws-cdk-lib/aws-route53';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { PortGateway } from '../../lib/port-gateway';
import { makeCa, PEBBLE, pebbleOutside, pebbleSettings, servedBy } from '../../test/host/support/acme';
import { Aws } from '../../test/host/support/aws';
import { certificatesRoot } from '../../test/host/support/certificates-root';
import { Gateway } from '../../test/host/support/gateway';
import { ADDRESS, type Host } from '../../test/host/support/host';
import { PUBLIC_KEY } from '../../test/snapshots/canonical';
import { describeAsRoot } from '../../test/support/as-root';
import { formationClient } from '../src/aws/client';
import { readDeployed } from '../src/aws/deployed';
import { type StartedEndpoint, startEndpoint } from '../src/aws/endpoint';
import { roleKeys } from '../src/services/instance';

/** The client's namespace is the world: the CA, its resolver, and AWS. */
const WORLD = ADDRESS.client.v4;
const DIRECTORY = `https://${WORLD}:14000/dir`;
const DOMAINS = ['example.com', '*.example.com'];
const NEW = 'secure: has a new certificate\n';

jest.setTimeout(90_000);

function secure(zone: IHostedZone | string, ...domains: string[]) {
  const tls = Tls.letsEncrypt({ email: 'admin@example.com', domains, server: DIRECTORY, dns: { zone } });
  return Forward.https({ listen: 443, to: 8080, tls });
}

/** Two zones, and a gateway that may write into one of them. */
function template(): string {
  const app = new App({ context: { '@aws-cdk/core:target-partitions': ['aws'] } });
  const stack = new Stack(app, 'Tls', { synthesizer: new LegacyStackSynthesizer() as never });
  const zone = new PublicHostedZone(stack, 'Zone', { zoneName: 'example.com' });
  new PublicHostedZone(stack, 'Other', { zoneName: 'example.org' });
  new PortGateway(stack, 'Gateway', {
    adminCidr: '203.0.113.7/32',
    sshPublicKey: PUBLIC_KEY,
    onChange: 'restart',
    forwards: { secure: secure(zone, ...DOMAINS) },
  });
  return JSON.stringify(app.synth().getStackByName('Tls').template);
}

/**
 * The real certbot with its real plug-in for Route 53, on a host with the rights that the template gives. The CA believes
 * the records alone: no name leads to the gateway, and its port 80 is closed.
 */
describeAsRoot('a certificate by records in Route 53', () => {
  let folder: string;
  let endpoint: StartedEndpoint;
  let gateway: Gateway;
  let host: Host;
  let aws: Aws;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portway-dns-'));
    endpoint = await startEndpoint({ folder });
    const client = formationClient(endpoint);
    await client.send(
      new CreateStackCommand({ StackName: 'Tls', TemplateBody: template(), Capabilities: ['CAPABILITY_IAM'] }),
    );
    client.destroy();
    const { instanceId } = await readDeployed(endpoint, 'Tls');
    const root = await certificatesRoot();
    gateway = await Gateway.start({ root });
    host = gateway.host;
    await host.app('gateway', 'tcp', 8080);
    aws = await Aws.near(host);
    await aws.keep('endpoint', endpoint.apiSocket);
    await aws.keep('keys', { Code: 'Success', ...roleKeys(instanceId) });
    await aws.serve();
    await startCa(root);
  }, 600_000);

  afterAll(async () => {
    await gateway?.stop();
    await aws?.stop();
    await endpoint?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  /** Its resolver reads the local Route 53. A drop-in makes the service trust the CA and AWS, with short pauses. */
  async function startCa(root: string): Promise<void> {
    const ca = await host.sh('client', makeCa(`${folder}/ca`, WORLD));
    await host.sh('client', `cat >${folder}/pebble.json`, pebbleSettings(`${folder}/ca`));
    const resolver = host.support('client', 'route53_dns.py');
    await host.serve('client', ['python3', resolver, WORLD, endpoint.apiSocket, `${folder}/asked`]);
    const pebble = [...pebbleOutside(root), '-config', `${folder}/pebble.json`, '-dnsserver', `${WORLD}:53`];
    await host.serve('client', ['env', ...PEBBLE.split(' '), ...pebble]);
    await host.write('/etc/portway-test-ca.pem', ca);
    // The plug-in pauses for 5 s while a change is on its way to Route 53's servers, and certbot between its questions.
    const short = 'import time\nreal = time.sleep\ntime.sleep = lambda seconds: real(min(seconds, 0.2))\n';
    await host.write('/etc/portway-test/sitecustomize.py', short);
    const environment = [
      'REQUESTS_CA_BUNDLE=/etc/portway-test-ca.pem',
      'AWS_CA_BUNDLE=/etc/ssl/certs/aws.pem',
      'PYTHONPATH=/etc/portway-test',
    ];
    await host.write(
      '/etc/systemd/system/portway-certificates.service.d/test.conf',
      `[Service]\n${environment.map((one) => `Environment=${one}\n`).join('')}`,
    );
  }

  /** Runs the timer's service once. @returns its output */
  const run = async () => {
    await host.sh('gateway', 'rm -f /var/log/portway-certificates; systemctl start portway-certificates');
    return host.read('/var/log/portway-certificates');
  };
  /** Lets so many hours pass since a certificate was first and last asked for. */
  const pass = (forward: string, hours: number) => {
    const program =
      'import json, sys; f = sys.argv[1]; s = json.load(open(f)); s["since"] -= int(sys.argv[2]); s["asked"] -= int(sys.argv[2]); json.dump(s, open(f, "w"))';
    return host.sh('gateway', `python3 -c '${program}' /var/lib/portway/acme/*/${forward}.json ${hours * 3600}`);
  };
  /** The certificates requested from the CA. */
  const orders = async () =>
    Number(
      await host.sh('gateway', "cat /var/log/portway/certbot/* | grep -c 'Sending POST request to .*/order-plz' || :"),
    );
  const asked = async () => (await readFile(join(folder, 'asked'), 'utf8').catch(() => '')).split('\n');
  /** The texts in all zones. */
  const texts = async () => {
    const get = async (path: string) => (await fetch(`${endpoint.url}/2013-04-01/hostedzone${path}`)).text();
    const ids = (await get('')).match(/Z[A-Z0-9]{5,}(?=<\/Id>)/g) ?? [];
    expect(ids).toHaveLength(2);
    const all = await Promise.all(ids.map((id) => get(`/${id}/rrset`)));
    return { ids, found: all.join('').match(/<Type>TXT</g) ?? [] };
  };
  /** The answer to a client that trusts this CA alone. */
  const visit = (name: string) =>
    host.sh(
      'client',
      `curl -sk https://${WORLD}:15000/roots/0 >${folder}/root.pem
       curl -s --cacert ${folder}/root.pem --resolve ${name}:443:${ADDRESS.gateway.v4} -o /dev/null -w '%{http_code}' https://${name}/`,
    );

  test('is issued for a domain and all below it, once the new rights apply, and leaves no record', async () => {
    await gateway.succeed({ forwards: { secure: secure('Z0', ...DOMAINS) }, content: 'first' });
    expect(await host.sh('gateway', 'ss -Htln sport = :80')).toBe('');
    expect(await run()).toBe('');
    expect(await host.sh('gateway', 'ls /var/log/portway')).not.toContain('certbot');

    await pass('secure', 1);
    expect(await run()).toBe(NEW);
    expect(await servedBy(host)).toMatchObject({
      issuer: expect.stringMatching(/Pebble Intermediate CA/),
      names: expect.stringMatching(/^(example\.com, DNS:\*|\*\.example\.com, DNS:e)/),
    });
    expect(await visit('example.com')).toBe('200');
    expect(await visit('any.example.com')).toBe('200');
    await expect(visit('any.sub.example.com')).rejects.toThrow();
    // The CA asked for the record and not for the name.
    expect(new Set((await asked()).filter(Boolean))).toEqual(new Set(['_acme-challenge.example.com 16']));
    expect((await texts()).found).toEqual([]);
    expect(await host.run('gateway', ['portway', 'status'])).toMatchObject({ code: 0 });
  });

  test('is renewed when due, and not before', async () => {
    const before = await servedBy(host);
    await pass('secure', 13);
    expect(await run()).toBe('');
    expect(await orders()).toBe(1);
    // AWS refuses signatures of another time, so the clock stays, and the certificate becomes due.
    await host.sh('gateway', "sed -i '1i renew_before_expiry = 365 days' /var/lib/portway/acme/*/renewal/secure.conf");
    await pass('secure', 13);
    expect(await run()).toBe(NEW);
    expect(await orders()).toBe(2);
    const after = await servedBy(host);
    expect(after).toMatchObject({ issuer: before.issuer, names: before.names });
    expect(after.serial).not.toBe(before.serial);
    expect(await visit('any.example.com')).toBe('200');
  });

  test('is not for names that the role has no right for, and the reason is told', async () => {
    const web = Forward.https({
      ...{ listen: 8443, to: 8080 },
      tls: Tls.letsEncrypt({
        ...{ email: 'admin@example.com', domains: ['www.example.org'], server: DIRECTORY },
        dns: { zone: 'Z1' },
      }),
    });
    await gateway.succeed({ forwards: { secure: secure('Z0', ...DOMAINS), web }, content: 'second' });
    expect(await run()).toBe('');
    await pass('web', 1);
    expect(await run()).toMatch(
      /^web: the CA gives no certificate; next try in an hour: .*AccessDenied.*ChangeResourceRecordSets/,
    );
    expect(await run()).toBe('');
    expect((await asked()).filter((line) => line.includes('example.org'))).toEqual([]);
    // The other one is served as before.
    expect(await visit('any.example.com')).toBe('200');
  });

  test('takes no more rights than these records', async () => {
    const { ids } = await texts();
    const [own = '', other = ''] = ids;
    const program = `
import json, sys
import boto3, botocore.exceptions
client = boto3.client("route53")
def change(zone, name, kind, value, action="UPSERT"):
    record = dict(Name=name, Type=kind, TTL=10, ResourceRecords=[dict(Value=value)])
    return lambda: client.change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch=dict(Changes=[dict(Action=action, ResourceRecordSet=record)]))
own, other = sys.argv[1:]
names = {z["Id"].rpartition("/")[2]: z["Name"] for z in client.list_hosted_zones()["HostedZones"]}
if names[own] != "example.com.":
    own, other = other, own
text = '"x"'
tried = {
    "own": change(own, "_acme-challenge.example.com", "TXT", text),
    "own again": change(own, "_acme-challenge.example.com.", "TXT", text, "DELETE"),
    "create": change(own, "_acme-challenge.example.com", "TXT", text, "CREATE"),
    "kind": change(own, "_acme-challenge.example.com", "CNAME", "x.example.org"),
    "name": change(own, "_acme-challenge.www.example.com", "TXT", text),
    "site": change(own, "www.example.com", "A", "192.0.2.1"),
    "zone": change(other, "_acme-challenge.example.org", "TXT", text),
    "read": lambda: client.list_resource_record_sets(HostedZoneId=own),
}
answers = {}
for name, call in tried.items():
    try:
        call()
        answers[name] = "done"
    except botocore.exceptions.ClientError as error:
        answers[name] = error.response["Error"]["Code"]
print(json.dumps(answers))`;
    const words = ['env', 'AWS_CA_BUNDLE=/etc/ssl/certs/aws.pem', 'python3', '-c', program, own, other];
    const { stdout, stderr } = await host.run('gateway', words);
    expect(stderr).toBe('');
    const denied = Object.fromEntries(
      ['create', 'kind', 'name', 'site', 'zone', 'read'].map((name) => [name, 'AccessDenied']),
    );
    expect(JSON.parse(stdout)).toEqual({ own: 'done', 'own again': 'done', ...denied });
  });
});
