import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readCidr } from '../../lib/forward/cidr';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { certificatesRoot } from './support/certificates-root';
import type { Deploy } from './support/gateway';
import { ADDRESS, describeHost, until } from './support/host';
import { deployedOf, LiveGateway } from './support/live-gateway';

jest.setTimeout(120_000);

const [HERE, THERE] = [
  { v4: ADDRESS.client.v4, v6: ADDRESS.client.v6 },
  { v4: '198.51.100.11', v6: '2001:db8:100::11' },
];
/** Without the second client. */
const DENIED = { denyFrom: [`${THERE.v4}/32`, `${THERE.v6}/128`] };
const ALLOWED = { allowFrom: [`${HERE.v4}/32`, `${HERE.v6}/128`] };
const [FIRST, SECOND, TLS] = [9001, 9002, 9003].map((port) => `${ADDRESS.backend.v4}:${port}`) as [
  string,
  string,
  string,
];
const FIRST6 = `[${ADDRESS.backend.v6}]:9001`;

interface Conversation {
  readonly name: string;
  readonly kind: 'tcp' | 'udp' | 'tls' | 'http' | 'websocket' | 'wss';
  readonly port: number;
  readonly family?: 'v4' | 'v6';
  readonly host?: string;
}

interface State {
  readonly by: string;
  /** Seconds since the last answer. */
  readonly silent: number;
  /** How the connection ended; empty: it did not. */
  readonly ended: string;
}

/** The networks of one family. */
const of = (family: 'v4' | 'v6', lists: Lists): Lists =>
  Object.fromEntries(
    Object.entries(lists).map(([name, networks]) => [
      name,
      networks.filter((network: string) => network.includes(':') === (family === 'v6')),
    ]),
  );

type Lists = { readonly allowFrom?: readonly string[]; readonly denyFrom?: readonly string[] };

/** Both engines and all kinds. A missing one is left out. */
const forwards = (
  kernel: Lists = {},
  nginx: Lists = {},
  { to = FIRST, leave = [] }: { to?: string; leave?: readonly string[] } = {},
): Deploy['forwards'] => {
  const all: Deploy['forwards'] = {
    tcp: Forward.tcp({ listen: 5001, to, family: 'ipv4', engine: 'iptables', ...of('v4', kernel) }),
    udp: Forward.udp({ listen: 5001, to, family: 'ipv4', engine: 'iptables', ...of('v4', kernel) }),
    tcp6: Forward.tcp({ listen: 5002, to: FIRST6, family: 'ipv6', engine: 'iptables', ...of('v6', kernel) }),
    own: Forward.tcp({ listen: 5003, to: 9001, engine: 'iptables', ...kernel }),
    stream: Forward.tcp({ listen: 6001, to, ...nginx }),
    datagrams: Forward.udp({ listen: 6001, to, ...nginx }),
    web: Forward.http({ listen: 80, to, ...nginx }),
    pass: Forward.tls({ listen: 443, hosts: { 'pass.example': { to: TLS } }, ...nginx }),
    site: Forward.https({ listen: 443, to: FIRST, tls: Tls.selfSigned() }),
  };
  return Object.fromEntries(Object.entries(all).filter(([name]) => !leave.includes(name)));
};

const CONVERSATIONS: readonly Conversation[] = [
  { name: 'tcp', kind: 'tcp', port: 5001 },
  { name: 'udp', kind: 'udp', port: 5001 },
  { name: 'tcp6', kind: 'tcp', port: 5002, family: 'v6' },
  { name: 'own', kind: 'tcp', port: 5003 },
  { name: 'stream', kind: 'tcp', port: 6001 },
  { name: 'stream6', kind: 'tcp', port: 6001, family: 'v6' },
  { name: 'datagrams', kind: 'udp', port: 6001 },
  { name: 'download', kind: 'http', port: 80 },
  { name: 'websocket', kind: 'websocket', port: 80, family: 'v6' },
  { name: 'pass', kind: 'tls', port: 443 },
  { name: 'site', kind: 'wss', port: 443, host: 'site.example' },
];

describeHost('what a change leaves behind', () => {
  let gateway: LiveGateway;
  let folder: string;
  let state: string;
  beforeAll(() => certificatesRoot(), 600_000);
  beforeAll(async () => {
    gateway = await LiveGateway.start();
    const { host } = gateway;
    await host.sh('client', `ip addr add ${THERE.v4}/24 dev eth0; ip addr add ${THERE.v6}/64 dev eth0 nodad`);
    folder = await mkdtemp(join(tmpdir(), 'portway-talk-'));
    state = join(folder, 'state');
    const certificate = `${state}.pem`;
    await host.sh(
      'backend',
      `openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=pass.example -keyout '${certificate}' -out '${certificate}.crt' 2>&1; cat '${certificate}.crt' >>'${certificate}'`,
    );
    const serve = (party: 'backend' | 'gateway', ...words: string[]) =>
      host.serve(party, ['python3', host.support(party, 'talk.py'), 'serve', ...words]);
    await serve('backend', 'one', '9001');
    await serve('backend', 'two', '9002');
    await serve('backend', 'tls', '9003', certificate);
    await serve('gateway', 'own', '9001');
    content = (await gateway.create({ forwards: forwards() })).content;
  });
  afterAll(async () => {
    await gateway?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  let number = 0;
  // Those of one test would be a load for the next.
  afterEach(() => gateway.host.sh('client', `touch '${state}-${number}.stop'`));

  /** Starts the conversations of both clients. Returns how those of one are. */
  async function talk(names: readonly string[] = CONVERSATIONS.map(({ name }) => name)) {
    const file = `${state}-${++number}`;
    const talks = CONVERSATIONS.filter(({ name }) => names.includes(name)).flatMap(({ name, family = 'v4', ...more }) =>
      [HERE, THERE].map((client, i) => ({
        ...{ name: `${name} ${i}`, from: client[family], to: ADDRESS.gateway[family], ...more },
      })),
    );
    const script = gateway.host.support('client', 'talk.py');
    await gateway.host.serve('client', ['python3', script, 'hold', file, JSON.stringify(talks)]);
    const now = async (): Promise<Record<string, State>> => JSON.parse(await readFile(file, 'utf8').catch(() => '{}'));
    const alive = async (client: 0 | 1, of = names) => {
      const states = await now();
      return of.filter((name) => {
        const one = states[`${name} ${client}`];
        return one !== undefined && one.ended === '' && one.by !== '' && one.silent < 1;
      });
    };
    await until('all talk', async () => (await alive(0)).length + (await alive(1)).length === 2 * names.length);
    return {
      now,
      alive,
      /** Waits until the client has only these conversations left. */
      left: (client: 0 | 1, only: readonly string[], seconds = 5) =>
        until(`client ${client} only has ${only}`, async () => `${await alive(client)}` === `${only}`, seconds).catch(
          async (error) => {
            throw new Error(`${error}\n${JSON.stringify(await now(), undefined, 1)}\n${await gateway.log()}`);
          },
        ),
    };
  }

  const all = CONVERSATIONS.map(({ name }) => name);
  let content = '';
  const change = async (deploy: Deploy) => {
    const deployed = deployedOf(deploy);
    if (deployed.content === content) return;
    expect(await gateway.update(deployed)).toMatchObject({ Status: 'SUCCESS' });
    content = deployed.content;
  };

  test.each([
    ['denied', DENIED, ALLOWED],
    ['no longer allowed', ALLOWED, DENIED],
  ])('ends at once: all connections of a client that is %s, and of no other', async (_, kernel, nginx) => {
    await change({ forwards: forwards() });
    const talks = await talk();
    await change({ forwards: forwards(kernel, nginx) });
    // Of a port that two forwards share, connections of a client cannot be told apart: `site` ends too.
    await talks.left(1, []);
    expect(await talks.alive(0)).toEqual(all);
    expect(await gateway.log()).not.toContain('WARNING');
  });

  test('ends at once: all connections of a blocked network', async () => {
    await change({ forwards: forwards() });
    const talks = await talk();
    const blocked = [`${THERE.v4}/32`, `${THERE.v6}/128`].map(readCidr) as { text: string; family: 4 | 6 }[];
    await change({ forwards: forwards(), settings: { blocked } });
    await talks.left(1, []);
    expect(await talks.alive(0)).toEqual(all);
  });

  test('ends at once: the connections of removed forwards, and of no other', async () => {
    await change({ forwards: forwards() });
    const talks = await talk();
    const leave = ['tcp', 'udp', 'own', 'stream', 'datagrams', 'pass'];
    await change({ forwards: forwards({}, {}, { leave }) });
    for (const client of [0, 1] as const) await talks.left(client, ['tcp6', 'download', 'websocket', 'site']);
  });

  test('lets TCP connections to a former target go on, and sends UDP flows to the new one', async () => {
    await change({ forwards: forwards() });
    const talks = await talk();
    await change({ forwards: forwards({}, {}, { to: SECOND }) });
    await sleep(2000);
    expect([await talks.alive(0), await talks.alive(1)]).toEqual([all, all]);
    const by = Object.fromEntries(Object.entries(await talks.now()).map(([name, one]) => [name, one.by.slice(-3)]));
    expect(by).toMatchObject({ 'tcp 0': 'one', 'stream 0': 'one', 'download 0': 'one', 'websocket 0': 'one' });
    expect(by).toMatchObject({ 'udp 0': 'two', 'datagrams 0': 'two', 'site 0': 'one' });
  });

  test('lets all of it drain first, if it may', async () => {
    const { host } = gateway;
    const drainSeconds = 600;
    await change({ forwards: forwards(), drainSeconds });
    const talks = await talk();
    const uptime = async () => Number((await host.sh('gateway', 'cat /proc/uptime')).split(' ')[0]);
    const before = await uptime();
    await change({ forwards: forwards(DENIED, DENIED, { to: SECOND, leave: ['own'] }), drainSeconds });
    await sleep(3000);
    // A client of UDP by nginx has no connection that could drain.
    const draining = all.filter((name) => name !== 'datagrams');
    expect([await talks.alive(0), await talks.alive(1)]).toEqual([all, draining]);
    const changes = (await host.read('/run/portway/draining')).trim().split('\n');
    const due = Number(changes.at(-1)?.split(' ')[0]);
    expect(due - drainSeconds).toBeGreaterThanOrEqual(Math.floor(before));
    expect(due - drainSeconds).toBeLessThanOrEqual(await uptime());
    // Instead of ten minutes.
    await host.sh('gateway', "sed -i 's/^[0-9]*/1/' /run/portway/draining");
    // What did not change, and UDP, which moves to the new target.
    await talks.left(0, ['udp', 'tcp6', 'datagrams', 'pass', 'site'], 20);
    await talks.left(1, []);
    expect(await host.sh('gateway', 'ls /run/portway')).not.toContain('draining');
  });
});
