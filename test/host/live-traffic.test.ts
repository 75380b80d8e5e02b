import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import type { HostContent } from '../../lib/host/host-content';
import { certificatesRoot } from './support/certificates-root';
import { during } from './support/clients';
import type { Deploy } from './support/gateway';
import { ADDRESS, describeHost } from './support/host';
import { deployedOf, edited, impatient, LiveGateway } from './support/live-gateway';

jest.setTimeout(900_000);

const GATEWAY = ADDRESS.gateway.v4;
const [TARGET, SOCKETS, NUMBERS] = [9001, 9002, 9003].map((port) => `${ADDRESS.backend.v4}:${port}`) as [
  string,
  string,
  string,
];
const CLIENTS = 8;
/** Rounds through all kinds of changes. The nightly part `changes` makes nine. */
const ROUNDS = Number(process.env.PORTWAY_TEST_ROUNDS ?? 1);

type Forwards = Deploy['forwards'];

/** What no change touches. */
const unchanged: Forwards = {
  web: Forward.http({ listen: 80, to: TARGET }),
  secure: Forward.https({ listen: 443, to: TARGET, tls: Tls.selfSigned() }),
  socket: Forward.http({ listen: 81, to: SOCKETS }),
  raw: Forward.tcp({ listen: 82, to: NUMBERS }),
  kernel: Forward.tcp({ listen: 5001, to: NUMBERS, family: 'ipv4', engine: 'iptables' }),
  game: Forward.udp({ listen: 5002, to: NUMBERS, family: 'ipv4', engine: 'iptables' }),
};

const tcp = (listen: number, to = TARGET, more = {}) =>
  Forward.tcp({ listen, to, family: 'ipv4', engine: 'iptables', ...more });

/** Contents that follow one another: the other forwards of each, by what changes. */
const CHANGES: Readonly<Record<string, Forwards>> = {
  'a kernel forward is added': { a: tcp(6001) },
  'its target changes': { a: tcp(6001, SOCKETS) },
  'it gets allowFrom': { a: tcp(6001, SOCKETS, { allowFrom: ['198.51.100.0/24'] }) },
  'its sources change': { a: tcp(6001, SOCKETS, { allowFrom: ['203.0.113.0/24'] }) },
  'it gets a limit': { a: tcp(6001, SOCKETS, { limits: { openConnections: 20 } }) },
  'it moves to nginx': { a: Forward.tcp({ listen: 6001, to: SOCKETS }) },
  'an HTTP forward is added': {
    a: Forward.tcp({ listen: 6001, to: SOCKETS }),
    b: Forward.http({ listen: 6002, to: TARGET }),
  },
  'it gets limits': { b: Forward.http({ listen: 6002, to: TARGET, limits: { requestsPerSecond: 50 } }) },
  'it gets a cache': { b: Forward.http({ listen: 6002, to: TARGET, cache: { sizeMb: 10, validFor: 60 } }) },
  'TLS with a new host': { b: Forward.https({ listen: 6002, to: TARGET, tls: Tls.selfSigned() }) },
  'a UDP forward comes': { c: Forward.udp({ listen: 6003, to: '10.0.1.10:9', family: 'ipv4', engine: 'iptables' }) },
  'all of it goes': {},
};

/** Rules that the kernel refuses. */
const broken = (content: HostContent) => edited(content, '/etc/portway/iptables.rules', '-j DNAT', '-j NOTHING');

describeHost('changes of a live host', () => {
  let gateway: LiveGateway;
  const deploy = (more: Forwards, alter = (content: HostContent) => content) =>
    deployedOf({ forwards: { ...unchanged, ...more }, alter: (content) => alter(impatient(content)) });

  beforeAll(() => certificatesRoot(), 600_000);
  beforeAll(async () => {
    gateway = await LiveGateway.start();
    const { host } = gateway;
    const serve = (script: string, ...words: (string | number)[]) =>
      host.serve('backend', ['python3', host.support('backend', script), ...words.map(String)]);
    await serve('target.py', 9001, '9001', '/dev/null');
    await serve('web.py', 9002, 'sockets');
    await serve('stream.py', 'serve', 9003);
    await gateway.publish(deploy({}));
    expect((await gateway.boot()).code).toBe(0);
    await gateway.outcome();
  });
  afterAll(() => gateway?.stop());

  test('lose nothing of the forwards that stay', async () => {
    let changes = 0;
    // Else the kernels' buffers hold more than curl takes in half a minute, and nginx ends it as a client that stopped reading.
    await gateway.host.sh('client', "sysctl -qw net.ipv4.tcp_rmem='4096 65536 262144'");
    const download = gateway.host.run('client', [
      ...['curl', '-s', '--limit-rate', '300K', '-H', 'X-Test-Size: 30000000'],
      ...['-o', '/dev/null', '-w', '%{size_download} %{num_connects} %{errormsg}', `http://${GATEWAY}/`],
    ]);
    const start = Date.now();
    const said = await during(
      gateway.host,
      async () => {
        for (let round = 0; round < ROUNDS; round++)
          for (const [name, more] of Object.entries(CHANGES)) {
            expect([name, await gateway.update(deploy(more))]).toMatchObject([name, { Status: 'SUCCESS' }]);
            changes++;
            if (name !== 'it gets a limit') continue;
            expect(await gateway.update(deploy(more, broken))).toMatchObject({ Status: 'FAILURE' });
            await gateway.goBack(deploy(more));
            changes++;
          }
      },
      ['visitors.py', `http://${GATEWAY}/`, CLIENTS],
      ['visitors.py', `https://${GATEWAY}/`, CLIENTS],
      ['websocket.py', GATEWAY, 81],
      ['stream.py', 'tcp', GATEWAY, 82],
      ['stream.py', 'tcp', GATEWAY, 5001],
      ['stream.py', 'udp', GATEWAY, 5002],
    );
    const [web, secure, , raw, kernel, game] = said.map((text) => (text.startsWith('{') ? JSON.parse(text) : text));
    const seconds = Math.round((Date.now() - start) / 1000);
    console.info(
      `${changes} changes in ${seconds} s: ${JSON.stringify({ web, secure, socket: said[2], raw, kernel, game: { ...game, lost: game.lost.length } })}`,
    );
    expect(changes).toBe(ROUNDS * (Object.keys(CHANGES).length + 1));
    for (const counts of [web, secure]) {
      const { 'kept closed': closed, ...others } = counts;
      expect(Object.keys(others).sort()).toEqual(['kept 200', 'new 200']);
      // A kept connection is closed after an answer, at most once for each reload.
      expect(closed).toBeLessThanOrEqual(CLIENTS * changes);
    }
    expect(said[2]).toMatch(/^\d{3,} open$/);
    for (const numbers of [raw, kernel]) expect(numbers).toEqual({ received: expect.any(Number), inOrder: true });
    expect(game.sent).toBeGreaterThan(10_000);
    expect(game.lost).toEqual([]);
    expect((await download).stdout.trim()).toBe('30000000 1');
  });

  test('keep at most so many old workers, and end the oldest first', async () => {
    const { host } = gateway;
    const stop = `/tmp/portway-stop-workers-${process.pid}`;
    // As after each change, but for the bound: here it is 8.
    const limit =
      'import sys; sys.path.insert(0, "/usr/local/lib/portway"); from portway import old_workers; old_workers.limit(8)';
    const reload = `nginx -s reload; /usr/bin/sleep 0.2; python3 -c '${limit}'; /usr/bin/sleep 0.1`;
    const count = 'pgrep -cf "^nginx: worker process is shutting down" || :';
    const reloads = host.sh('gateway', `for i in {1..100}; do ${reload}; ${count}; done`);
    const running = [];
    let isDone = false;
    const done = reloads.finally(() => {
      isDone = true;
    });
    while (!isDone) {
      running.push(host.run('client', ['python3', host.support('client', 'websocket.py'), GATEWAY, '81', stop]));
      await sleep(1000);
    }
    const counts = (await done).trim().split('\n').map(Number);
    await host.sh('client', `touch ${stop}`);
    const ends = (await Promise.all(running)).map(({ stdout }) => / (open|cut)$/m.exec(stdout)?.[1]);
    await host.sh('client', `rm ${stop}`);
    console.info(`old workers: at most ${Math.max(...counts)}; ${ends.join(' ')}`);
    expect(counts).toHaveLength(100);
    expect(Math.max(...counts)).toBeLessThanOrEqual(8);
    expect(ends.length).toBeGreaterThan(20);
    expect([ends.at(0), ends.at(-2)]).toEqual(['cut', 'open']);
  });
});
