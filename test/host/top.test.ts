import { Forward } from '../../lib/forward/forward';
import type { HostStatus } from '../../lib/host/outputs/status';
import type { HostTop, SourceActivity } from '../../lib/host/outputs/top';
import { readPrinted } from '../support/json-schema';
import { Gateway } from './support/gateway';
import { ADDRESS, describeHost, type Host, until } from './support/host';

jest.setTimeout(60_000);

const { client, gateway: at, backend } = ADDRESS;
/** A second client, and a neighbour in the first one's /64. */
const OTHER = '198.51.100.77';
const NEIGHBOUR = '2001:db8:100::77';

const FORWARDS = {
  game: Forward.tcp({ listen: 7000, to: `${backend.v4}:9000`, engine: 'iptables' }),
  six: Forward.tcp({ listen: 7001, to: `[${backend.v6}]:9001`, engine: 'iptables' }),
  site: Forward.http({ listen: 80, to: `${backend.v4}:8080` }),
  office: Forward.http({ listen: 81, to: `${backend.v4}:8080`, denyFrom: [`${OTHER}/32`] }),
  mail: Forward.tcp({ listen: 25, to: `${backend.v4}:9000`, engine: 'nginx' }),
};

describeHost('portway top', () => {
  let gateway: Gateway;
  let host: Host;
  beforeAll(async () => {
    gateway = await Gateway.start();
    host = gateway.host;
    const blocked = [{ text: '192.0.2.0/24', family: 4 } as const];
    await gateway.succeed({ forwards: FORWARDS, settings: { blocked } });
    await host.sh('client', `ip addr add ${OTHER}/24 dev eth0; ip addr add ${NEIGHBOUR}/64 dev eth0 nodad`);
    await host.sh('client', 'ip addr add 192.0.2.9/32 dev eth0');
    await host.sh(
      'backend',
      `ip route add default via ${ADDRESS.inside.v4}; ip -6 route add default via ${ADDRESS.inside.v6}`,
    );
    for (const port of ['9000', '9001']) await host.serve('backend', talkers('backend', 'serve', port));
    await host.serve('backend', ['python3', host.support('backend', 'web.py'), '8080', 'web']);
    // The kernel's forwards, packet by packet.
    await host.sh(
      'gateway',
      `nft -f - <<'END'
      table inet watch {
        counter game { }
        counter six { }
        chain seen {
          type filter hook forward priority 0
          meta l4proto tcp ct original proto-dst 7000 counter name game
          meta l4proto tcp ct original proto-dst 7001 counter name six
        }
      }
END`,
    );
  });
  afterAll(() => gateway.stop());

  const talkers = (party: 'client' | 'backend', ...words: readonly (string | number)[]) => [
    ...['python3', '-I', host.support(party, 'talkers.py')],
    ...words.map(String),
  ];
  const talk = async (...words: readonly (string | number)[]) => {
    const { code, stdout, stderr } = await host.run('client', talkers('client', ...words));
    if (code !== 0) throw new Error(stderr);
    return JSON.parse(stdout);
  };
  const carried = async (name: string) =>
    Number(/bytes (\d+)/.exec(await host.sh('gateway', `nft list counter inet watch ${name}`))?.[1]);
  const within = (counted: number, truth: number) => {
    expect(truth).toBeGreaterThan(0);
    expect(Math.abs(counted - truth) / truth).toBeLessThan(0.01);
  };

  /** How many programs hear of each connection that ends. */
  const listeners = async () =>
    (await host.read('/proc/net/netlink')).split('\n').filter((line) => /^\S+ +12 +\d+ +00000004 /.test(line)).length;
  /** Starts `portway top`, and waits for the second in which it begins. */
  const top = async (...words: readonly string[]) => {
    const before = await listeners();
    const ended = host.run('gateway', ['portway', 'top', ...words]);
    await until('it hears of connections', async () => (await listeners()) > before);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    return { ended };
  };

  test('--json says of each source what the clients and the kernel counted; portway status of each forward', async () => {
    const status = () => host.sh('gateway', 'portway status');
    expect(await status()).not.toContain('since the last look');
    await host.serve('client', talkers('client', 'hold', OTHER, at.v4, 7000, 7));
    await host.serve('client', talkers('client', 'hold', OTHER, at.v4, 80, 5));
    const before = { game: await carried('game'), six: await carried('six') };
    const measured = host.sh('gateway', 'portway status --json --seconds 6');
    const { ended } = await top('--json', '--seconds', '4');
    const [game, fine, missing, broken, refused, mail, six, neighbour] = await Promise.all([
      talk('echo', client.v4, at.v4, 7000, 300, 20_000),
      talk('http', client.v4, at.v4, 80, 200, 200, '/?"client":"203.0.113.66"'),
      talk('http', client.v4, at.v4, 80, 30, 404, '/missing'),
      talk('http', client.v4, at.v4, 80, 20, 500, '/broken'),
      talk('http', OTHER, at.v4, 81, 6, 200, '/'),
      talk('echo', OTHER, at.v4, 25, 40, 5000),
      talk('echo', client.v6, at.v6, 7001, 50, 3000),
      talk('echo', NEIGHBOUR, at.v6, 7001, 25, 3000),
      talk('send', '192.0.2.9', at.v4, 7000, 3),
    ]);
    const { code, stdout, stderr } = await ended;
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const said: HostTop = readPrinted('top', stdout);
    const of = (name: string) => said.sources.find(({ source }) => source === name) as SourceActivity;
    expect(said.seconds).toBe(4);
    expect(said.uncounted_connections).toBe(0);
    expect(said.sources.map(({ source }) => source).toSorted()).toEqual(
      [client.v4, OTHER, '2001:db8:100::/64'].toSorted(),
    );

    const first = of(client.v4);
    within(first.requests, fine.requests + missing.requests + broken.requests);
    within(first.bytes, (await carried('game')) - before.game + fine.bytes + missing.bytes + broken.bytes);
    within(first.new, game.connections);
    within(first.requests_per_second * 4, first.requests);
    expect(first.share_4xx).toBeCloseTo((100 * 30) / 250, 1);
    expect(first.share_5xx).toBeCloseTo((100 * 20) / 250, 1);
    expect(first).toMatchObject({ refused: 0, blocked: false });

    const other = of(OTHER);
    expect(refused.statuses).toEqual({ 403: 6 });
    expect(other).toMatchObject({ open: 12, requests: 6, refused: 6, share_4xx: 100, new: mail.connections });
    within(other.bytes, mail.bytes + refused.bytes);

    const network = of('2001:db8:100::/64');
    within(network.new, six.connections + neighbour.connections);
    within(network.bytes, (await carried('six')) - before.six);
    expect(said.dropped_packets).toEqual({ blocked: 3, sources: 0, limits: 0 });

    const { seconds = 0, rates = {} } = readPrinted<HostStatus>('status', await measured);
    expect(seconds).toBeCloseTo(6, 0);
    const rate = (name: string, what: 'connections' | 'requests' | 'bytes') =>
      (rates[name]?.[`${what}_per_second`] ?? Number.NaN) * seconds;
    within(rate('game', 'connections'), game.connections);
    within(rate('game', 'bytes'), (await carried('game')) - before.game);
    within(rate('site', 'requests'), first.requests);
    within(rate('site', 'bytes'), fine.bytes + missing.bytes + broken.bytes);
    within(rate('mail', 'connections'), mail.connections);
    within(rate('mail', 'bytes'), mail.bytes);
    expect(rates.game?.requests_per_second).toBeNull();
    expect(rates.site?.connections_per_second).toBeNull();

    const text = await status();
    const length = Number(/^since the last look, (\d+) s /m.exec(text)?.[1]);
    expect(length).toBeGreaterThanOrEqual(6);
    const shown = (/^game +(\S+) +(\S+) +(\S+)$/m.exec(text)?.slice(1) ?? []).map(Number);
    expect(shown[0]).toBeGreaterThan(game.connections / (length + 1));
    expect(shown[1]).toBeNaN();
    expect(shown[2]).toBeGreaterThan(0);
    expect((await host.run('gateway', ['portway', 'status', '--seconds', 'x'])).stderr).toBe(
      "--seconds must be 1-9999, got 'x'\n",
    );
  });

  test('without a terminal it prints a table; on one it draws until q, and leaves the terminal as it was. No client can write there', async () => {
    await host.sh('gateway', 'mount -t devpts devpts /dev/pts');
    const others = await listeners();
    const session = host.sh(
      'gateway',
      `{ /usr/bin/sleep 5; printf b; /usr/bin/sleep 0.3; printf q; /usr/bin/sleep 0.5; } | script -qec 'stty rows 20 cols 60; stty -g; portway top --seconds 1; stty -g' /dev/null`,
    );
    await until('it draws', async () => (await listeners()) > others);
    const { ended } = await top('--seconds', '2');
    await talk('http', client.v4, at.v4, 80, 10, 200, '/\u001b[31m\u0007');
    const [head, columns, ...rows] = (await ended).stdout.trimEnd().split('\n');
    expect(head).toMatch(/^\d sources, 2 s\. Packets dropped by blocked 0, sources 0, limits 0$/);
    expect(columns?.split(/\s+/).slice(0, 5)).toEqual(['source', 'open', 'new/s', 'req/s', 'B/s']);
    expect(rows.join('\n')).toMatch(new RegExp(`^${client.v4} +\\d+ +0\\.0 +5\\.0 +\\d+ +\\S+ +0\\.0 +0$`, 'm'));
    expect([head, columns, ...rows].join('')).toMatch(/^[ -~]*$/);

    // Without the codes that move the cursor, clear, and change the screen.
    const drawn = await session;
    const codes = ['[?1049h', '[?25l', '[H', '[K', '[J', '[?25h', '[?1049l'].map((code) => `\u001b${code}`);
    for (const code of codes) expect(drawn).toContain(code);
    const lines = codes.reduce((text, code) => text.replaceAll(code, ''), drawn).split('\r\n');
    const settings = lines.filter((line) => /^[\da-f:]{40,}$/.test(line));
    expect(settings).toHaveLength(2);
    expect(settings[0]).toBe(settings[1]);
    const table = lines.filter((line) => !settings.includes(line));
    expect(table.find((line) => line.startsWith(client.v4))).toMatch(/ \d+\.0 /);
    for (const line of table) expect(line).toMatch(/^[ -~]{0,60}$/);
  });

  test('refuses other words', async () => {
    expect(await host.run('gateway', ['portway', 'top', '--seconds', '0'])).toMatchObject({
      code: 1,
      stderr: 'usage: portway top [--json] [--seconds N]\n',
    });
  });
});
