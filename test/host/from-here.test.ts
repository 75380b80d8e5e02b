import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import type { SeenFromHere } from '../../lib/operate/from-here/from-here';
import { PortwayStack } from '../../lib/portway-stack';
import { PUBLIC_KEY } from '../snapshots/canonical';
import { featureFlags } from '../snapshots/synthesize';
import { ADDRESS, describeHost } from './support/host';
import { NginxHost } from './support/nginx';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;
const RESOLVER = ADDRESS.client.v4;
const to = `${ADDRESS.backend.v4}:8080`;
const acme = (domain: string) => Tls.letsEncrypt({ email: 'a@b.example', domains: [domain] });
const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:cert-AbCdEf';
const secret = Tls.secret(Secret.fromSecretCompleteArn(new Stack(new App(), 'Secrets'), 'Certificate', ARN));
const https = (listen: number, tls: Tls, host: string) => Forward.https({ listen, tls, hosts: { [host]: { to } } });

const NGINX = {
  web: Forward.http({ listen: 80, to }),
  own: Forward.https({ listen: 443, tls: Tls.selfSigned(), to }),
  mail: Forward.tcp({ listen: 2525, to: 9025, engine: 'nginx' }),
  few: Forward.http({ listen: 81, to, allowFrom: ['203.0.113.0/24'] }),
};
/** The test's own servers stand at these ports. */
const OTHERS = {
  ended: https(5001, secret, 'a.example'),
  soon: https(5002, secret, 'a.example'),
  other: https(5003, secret, 'b.example'),
  chain: https(5004, secret, 'a.example'),
  early: https(5005, acme('a.example'), 'a.example'),
  plain: https(5006, secret, 'a.example'),
  well: https(5007, secret, 'a.example'),
  short: https(5008, secret, 'a.example'),
  nobody: Forward.tcp({ listen: 5009, to: '10.0.1.10:5009', engine: 'nginx' }),
  game: Forward.udp({ listen: 5010, to: '10.0.1.10:5010', engine: 'nginx' }),
};

describeHost('a look at the gateway from where verify runs', () => {
  let nginx: NginxHost;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portway-from-here-'));
    nginx = await NginxHost.start();
    await nginx.web(8080, 'web');
    await nginx.run(NGINX);
  });
  afterAll(async () => {
    await nginx?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const seen = async (name: string, forwards: Readonly<Record<string, Forward>>, nobody = 9): Promise<SeenFromHere> => {
    const outdir = join(folder, name);
    const app = new App({ outdir, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
    new PortwayStack(app, 'Portway', {
      ...{ adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY, engine: 'nginx' },
      forwards,
    });
    app.synth();
    const command = [
      '--require',
      join(__dirname, '..', '..', 'bin', 'typescript.js'),
      join(__dirname, 'support', 'look-from-here.ts'),
      outdir,
      GATEWAY,
      RESOLVER,
      `${nobody}`,
    ];
    const { stdout, stderr } = await nginx.host.run('client', [process.execPath, ...command]);
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout);
  };
  const look = async (name: string, forwards: Readonly<Record<string, Forward>>) => {
    const { differences, blind } = await seen(name, forwards);
    expect(blind).toBeUndefined();
    return differences;
  };

  /** A server with a certificate from openssl; the words are those of its `req -x509`. */
  const serve = async (port: number, ...words: string[]) => {
    const make = ['openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes', ...words].join(' ');
    await nginx.host.sh('gateway', `cd /run; ${make} -keyout ${port}.key -out ${port}.pem 2>&1`);
    const server = [
      'openssl',
      's_server',
      '-accept',
      `${port}`,
      '-key',
      `/run/${port}.key`,
      '-cert',
      `/run/${port}.pem`,
    ];
    await nginx.host.serve('gateway', ['sh', '-c', `${server.join(' ')} -quiet & echo ready; wait`]);
  };

  test('finds nothing where all is well, and asks nothing of forwards for a few', async () => {
    expect(await look('well', NGINX)).toEqual([]);
  });

  test('names what does not answer, and a target that is not hidden', async () => {
    await nginx.host.serve('gateway', ['sh', '-c', 'python3 -m http.server 9025 & echo ready; wait']);
    expect(await look('dead', { ...NGINX, nobody: OTHERS.nobody, game: OTHERS.game })).toEqual([
      `forwards.nobody at ${GATEWAY}:5009 does not answer from here: ECONNREFUSED`,
      `port 9025 of ${GATEWAY} answers from here, and must not: only the gateway's forwards may lead to it`,
    ]);
  });

  test('says that it is blind where everything answers', async () => {
    expect(await seen('proxy', { ...NGINX, nobody: OTHERS.nobody }, 80)).toEqual({
      differences: [],
      blind: expect.stringMatching(/^this network answers for every address/),
    });
  });

  test('names what is wrong with certificates, and where names lead', async () => {
    const date = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, '');
    const days = (from: number, to: number) => `-not_before ${date(from)} -not_after ${date(to)}`;
    const named = '-subj /CN=a.example -addext subjectAltName=DNS:a.example';
    const issuer = '-addext authorityInfoAccess=caIssuers\\;URI:http://ca.example/ca.der';
    await serve(5001, named, days(-90, -1));
    await serve(5002, named, days(-80, 9.5));
    await serve(5003, named, days(-1, 89));
    await serve(5005, named, days(-1, 89));
    await serve(5007, named, days(-1, 89));
    await serve(5008, named, days(-1, 5));
    // A leaf without the authority that signed it.
    await nginx.host.sh(
      'gateway',
      'cd /run; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=ca -keyout ca.key -out ca.pem 2>&1',
    );
    await serve(5004, named, days(-1, 89), '-CA ca.pem -CAkey ca.key', issuer);
    await nginx.host.serve('gateway', ['sh', '-c', 'python3 -m http.server 5006 & echo ready; wait']);
    await nginx.host.serve('client', [
      ...['python3', join(__dirname, 'support', 'dns.py'), RESOLVER],
      ...[join(folder, 'names'), join(folder, 'asked')],
    ]);
    const at = (name: string, port: number, host = 'a.example') =>
      `forwards.${name} at ${GATEWAY}:${port} for ${host}: `;
    const names = (text: string) => nginx.host.sh('client', `echo '${text}' >${join(folder, 'names')}`);
    const { nobody, game, ...certificates } = OTHERS;
    const acme80 = Forward.http({ listen: 80, to });

    await names(`{"a.example": "${GATEWAY}"}`);
    expect(await look('certificates', { ...certificates, acme80 })).toEqual([
      expect.stringMatching(`^${at('ended', 5001)}its certificate ended on `),
      expect.stringMatching(`^${at('soon', 5002)}its certificate ends in 9 days, on `),
      `${at('other', 5003, 'b.example')}its certificate is for other names: DNS:a.example`,
      `${at('chain', 5004)}its certificate comes without its chain: browsers may refuse it`,
      `${at('early', 5005)}its certificate is still the one that the host signed itself: \`portway status\` on the host tells why`,
      expect.stringMatching(`^${at('plain', 5006)}no TLS from here: `),
    ]);
    await names('{"a.example": "203.0.113.9"}');
    expect(await look('elsewhere', { acme80, early: certificates.early })).toEqual([
      expect.stringContaining('early'),
      `a.example must lead to ${GATEWAY}, and leads to 203.0.113.9`,
    ]);
    // The CA of this one looks at records, so its name may lead anywhere.
    const byRecords = Tls.letsEncrypt({ email: 'a@b.example', domains: ['a.example'], dns: { zone: 'Z0123456789' } });
    expect(await look('records', { early: https(5005, byRecords, 'a.example') })).toEqual([
      `${at('early', 5005)}its certificate is still the one that the host signed itself: \`portway status\` on the host tells why`,
    ]);
    await names('{}');
    expect(await look('no-name', { acme80, early: certificates.early })).toContain(
      `a.example must lead to ${GATEWAY}, and leads to no IPv4 address`,
    );
  });
});
