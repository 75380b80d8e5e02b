import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SOURCE_ADDRESS } from '../../lib/nginx/source-address';
import { describeAsRoot } from '../../test/support/as-root';
import { BOOTSTRAP, cdk } from '../src/aws/cdk';
import { type Deployed, readDeployed } from '../src/aws/deployed';
import { type StartedEndpoint, startEndpoint } from '../src/aws/endpoint';
import { inventory } from '../src/aws/inventory';
import { Cleanup } from '../src/cleanup';
import { ensureVmImage } from '../src/image/image';
import { Lab } from '../src/lab';
import { labInstance } from '../src/lab-instance';
import { loginKey } from '../src/login-key';
import { INTERNET, VPC } from '../src/network/addresses';
import type { Party } from '../src/network/topology';
import { startDaemon } from '../src/services/daemon';
import { PYTHON } from '../src/services/services';
import type { Vm } from '../src/vm/qemu';

const APP = `node --require ./bin/typescript.js ${join(__dirname, 'support/nginx-app.ts')}`;
const [FIRST, SECOND] = VPC.backends;
const STRANGER = INTERNET.stranger.address;
/** Another address, besides the base address plus two, at which EC2 resolves names in every VPC. */
const RESOLVER = '169.254.169.253';
const DONE = 'sudo find /var/log/portway/bootstrap.log -newer /proc/1 | xargs -r sudo grep -h "forwards are up"';

/** What the small application reports about a request. */
interface Seen {
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
  readonly path: string;
  readonly client: { readonly address: string };
  readonly headers: Readonly<Record<string, string>>;
}

// Emulated processors are slow on a busy machine.
jest.setTimeout(600_000);

/**
 * A stack that uses everything that nginx has, deployed by the real CDK CLI from a team's app to a booted Debian: used
 * by clients, killed, rebooted.
 */
describeAsRoot('a gateway by nginx, from cdk deploy to a VM', () => {
  const cleanup = new Cleanup();
  let folder: string;
  let endpoint: StartedEndpoint;
  let deployed: Deployed;
  let key: string;
  let lab: Lab;
  let vm: Vm;
  let before: string[];
  let phase = 0;

  const run = (args: string[], app = join(folder, 'cdk.out')) =>
    cdk(args, { endpoint, folder, log: join(folder, 'cdk.log'), app });
  const ssh = (command: string, seconds = 120) => lab.probe.ssh('admin', deployed.publicIp, key, command, { seconds });
  const http = (port: number, path = '/', ...curl: string[]) =>
    lab.probe.http('stranger', `http://${deployed.publicIp}:${port}${path}`, { seconds: 8, curl });
  /** HTTPS to a host name of the gateway. No name here is in any DNS. */
  const https = (host: string, path = '/', ...curl: string[]) =>
    lab.probe.http('stranger', `https://${host}${path}`, {
      ...{ seconds: 8, insecure: true },
      curl: ['--resolve', `${host}:443:${deployed.publicIp}`, ...curl],
    });
  const seen = (answer: { json: unknown }) => answer.json as Seen;
  const serve = (party: Party | 'vpc', ...command: string[]) => {
    const words = [...lab.namespaces.enter(party), PYTHON, ...command] as [string, ...string[]];
    startDaemon(`${party} ${command[0]}`, words, cleanup, { log: join(folder, 'parties.log') });
  };
  /** Waits until a condition holds. */
  const until = async (what: string, holds: () => Promise<boolean>, seconds = 300) => {
    const end = Date.now() + seconds * 1000;
    while (!(await holds())) {
      if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s; see ${vm.console}`);
      await sleep(300);
    }
  };
  const answers = async () => (await http(81)).status === 200;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portway-nginx-'));
    endpoint = await startEndpoint({ folder });
    cleanup.add('AWS endpoint', () => endpoint.stop());
    key = await loginKey(folder);
    const context = [
      `adminCidr=${INTERNET.admin.address}/32`,
      `sshPublicKey=${(await readFile(`${key}.pub`, 'utf8')).trim()}`,
    ].flatMap((value) => ['-c', value]);
    await run(['synth', 'Portway', '--quiet', '--output', join(folder, 'cdk.out'), ...context], APP).finished;
    await run([...BOOTSTRAP]).finished;
    before = await inventory(endpoint);
    const outputsFile = join(folder, 'outputs.json');
    const deploy = run([
      ...['deploy', 'Portway', '--method=direct', '--require-approval', 'never', '--outputs-file', outputsFile],
    ]);
    cleanup.add('cdk deploy', () => deploy.kill());
    const failure = new AbortController();
    deploy.finished.catch((error: unknown) => failure.abort(error));
    deployed = await readDeployed(endpoint, 'Portway', { abort: failure.signal });
    lab = await Lab.start({
      ...{ folder, cleanup, id: `nginx-${process.pid}`, image: await ensureVmImage() },
      ...{ signalSocket: endpoint.signalSocket, apiSocket: endpoint.apiSocket },
    });
    vm = await lab.launch(labInstance(deployed));
    const support = join(__dirname, '../../test/host/support');
    serve('backend-11', join(support, 'app.py'), 'udp', '7000', 'voice');
    await lab.namespaces.ip('vpc', [`address add ${RESOLVER}/32 dev vpc`]);
    const names = join(folder, 'names.json');
    await writeFile(names, JSON.stringify({ 'app.example.internal': SECOND }));
    serve('vpc', join(support, 'dns.py'), RESOLVER, names, join(folder, 'asked'));
    await vm.start();
    await deploy.finished;
    deployed = await readDeployed(endpoint, 'Portway', { outputsFile });
    await lab.associateAddress(deployed.instanceId, deployed.publicIp);
    await until('the gateway answers', answers);
  }, 600_000);

  afterAll(async () => {
    expect(await cleanup.run()).toEqual([]);
    await rm(folder, { recursive: true });
  });

  const checks: readonly (readonly [string, () => Promise<void>])[] = [
    [
      'HTTP leads to HTTPS',
      async () => {
        const { status, headers } = await http(80, '/a?b=c', '-H', 'Host: shop.example.com');
        expect([status, headers.location]).toEqual([308, 'https://shop.example.com/a?b=c']);
      },
    ],
    [
      'a site by its host name, over HTTP/2: the application is told who came, and how',
      async () => {
        const answer = await https('shop.example.com', '/', '-w', '%{http_version}');
        expect(answer.status).toBe(200);
        expect(answer.body).toMatch(/2$/);
        expect(answer.headers).toMatchObject({ 'x-frame-options': 'DENY', 'x-content-type-options': 'nosniff' });
        const { client, port, headers } = seen(await https('shop.example.com'));
        expect([client.address, port]).toEqual([SOURCE_ADDRESS, 8080]);
        expect(headers).toMatchObject({
          ...{ host: 'shop.example.com', 'x-forwarded-for': STRANGER, 'x-forwarded-proto': 'https' },
        });
      },
    ],
    [
      'a path of it: elsewhere, without its prefix, by some methods',
      async () => {
        expect(seen(await https('shop.example.com', '/api/users?a=1'))).toMatchObject({
          ...{ address: FIRST, path: '/users?a=1' },
        });
        expect((await https('shop.example.com', '/api/users', '-X', 'DELETE')).status).toBe(405);
      },
    ],
    [
      'another path of it: kept in the cache',
      async () => {
        const path = `/static/${++phase}.css`;
        const states = [];
        for (let i = 0; i < 3; i++) states.push((await https('shop.example.com', path)).headers['x-cache']);
        expect(states).toEqual(['MISS', 'HIT', 'HIT']);
      },
    ],
    [
      'a site that moved; a name that nobody has',
      async () => {
        const { status, headers } = await https('old.example.com', '/x');
        expect([status, headers.location]).toEqual([308, 'https://shop.example.com/x']);
        expect((await https('other.example.com')).error).toMatch(/unrecognized name/);
      },
    ],
    [
      'TLS that ends at the target, on the same port',
      async () => {
        expect(seen(await https('own.example.com'))).toMatchObject({ address: FIRST, port: 8443, tls: true });
      },
    ],
    [
      'targets in turn, of HTTP and of TCP',
      async () => {
        const both = new Set([FIRST, SECOND]);
        const shares = await Promise.all(Array.from({ length: 6 }, () => http(81)));
        expect(new Set(shares.map((answer) => seen(answer).address))).toEqual(both);
        const secure = await Promise.all(
          Array.from({ length: 6 }, () =>
            lab.probe.http('stranger', `https://${deployed.publicIp}:5432/`, { insecure: true }),
          ),
        );
        expect(new Set(secure.map((answer) => seen(answer).address))).toEqual(both);
      },
    ],
    [
      'UDP',
      async () => {
        const script = join(__dirname, '../../test/host/support/ask.py');
        const words = [PYTHON, script, 'udp', deployed.publicIp, '5300', '0', '1', ''];
        const { stdout } = await lab.namespaces.run('stranger', words);
        expect(JSON.parse(stdout)).toMatchObject({ name: 'voice', client: deployed.privateIp });
      },
    ],
    [
      'a name as target',
      async () => {
        expect(seen(await http(84))).toMatchObject({ address: SECOND });
      },
    ],
    [
      'a target that is not there: a page of our own, or JSON',
      async () => {
        const page = await http(83);
        expect([page.status, page.headers['content-type']]).toEqual([502, 'text/html']);
        expect(page.body).toContain('<h1>Back soon</h1>');
        expect((await http(83, '/', '-H', 'Accept: application/json')).json).toMatchObject({ status: 502 });
      },
    ],
    [
      'a client beyond its limit',
      async () => {
        const all = await Promise.all(Array.from({ length: 12 }, () => http(82)));
        const statuses = all.map(({ status }) => status);
        expect(new Set(statuses)).toEqual(new Set([200, 429]));
        expect(all.find(({ status }) => status === 429)?.headers['retry-after']).toBe('1');
      },
    ],
    [
      'a source that is denied',
      async () => {
        const admin = await lab.probe.http('admin', `http://${deployed.publicIp}:85/`);
        // The security group only knows allowed networks, so the denial is nginx's.
        expect([admin.status, (await http(85)).status]).toEqual([200, 403]);
      },
    ],
    [
      'nothing else is open',
      async () => {
        const ports = [...Array(1024).keys(), 3128, 5300, 5432, 8080, 8443].slice(1);
        const states = await lab.probe.tcpPorts('stranger', deployed.publicIp, ports);
        const open = [...states].filter(([, state]) => state === 'open').map(([port]) => port);
        expect(open).toEqual([80, 81, 82, 83, 84, 85, 443, 5432]);
      },
    ],
    [
      'all is as it was deployed, and logged',
      async () => {
        const status = await ssh('sudo portway status');
        expect(status.error).toBeUndefined();
        for (const name of ['secure', 'pass', 'voice']) expect(status.stdout).toMatch(new RegExp(`^${name}\\b`, 'm'));
        // nginx buffers lines for a while, and the log may have been set aside since.
        const logs = "sudo sh -c 'zcat -f /var/log/portway/access.log*'";
        await until(
          'the log has the stranger',
          async () => (await ssh(`${logs} | grep -q '"client":"${STRANGER}"'`)).ok,
          20,
        );
      },
    ],
  ];

  describe('as it was set up by its user-data', () => {
    test.each(checks)('%s', (_, check) => check());
  });

  test('a target that vanishes costs no request', async () => {
    const down = 'add table inet dead; add chain inet dead input { type filter hook input priority 0; policy drop; }';
    await lab.namespaces.run('backend-10', ['nft', down]);
    for (let i = 0; i < 8; i++) expect(seen(await http(81)).address).toBe(SECOND);
    await lab.namespaces.run('backend-10', ['nft', 'delete table inet dead']);
  });

  test('nginx that is killed is back by itself', async () => {
    const main = async () => (await ssh('sudo cat /run/nginx.pid')).stdout.trim();
    const killed = await main();
    expect(await ssh(`sudo kill -9 ${killed}`)).toMatchObject({ ok: true });
    await until('nginx is back', answers, 60);
    expect(await main()).not.toBe(killed);
  });

  test('maintenance closes what says so, and stays over a reboot', async () => {
    expect((await ssh('sudo portway maintenance on')).stdout).toMatch(/^maintenance: on/m);
    expect((await https('shop.example.com')).status).toBe(503);
    expect(await vm.reboot()).toBe(true);
    await until('the gateway answers', answers);
    expect((await https('shop.example.com')).status).toBe(503);
    await until('the script of this boot has ended', async () => (await ssh(DONE)).ok);
    expect((await ssh('sudo portway maintenance off')).stdout).toMatch(/^maintenance: off/m);
  });

  describe('after the reboot', () => {
    test.each(checks)('%s', (_, check) => check());
  });

  test('cdk destroy leaves nothing', async () => {
    await vm.hardOff();
    await run(['destroy', 'Portway', '--force']).finished;
    expect((await inventory(endpoint)).filter((id) => !before.includes(id))).toEqual([]);
  });
});
