import { Forward } from '../../lib/forward/forward';
import type { Explained } from '../../lib/host/outputs/explain';
import { readPrinted } from '../support/json-schema';
import { Gateway } from './support/gateway';
import { ADDRESS, describeHost, type Host } from './support/host';

jest.setTimeout(60_000);

const { client, gateway: at, backend, inside } = ADDRESS;
/** A second client; one that is blocked; one in a network that a forward denies. */
const OTHER = '198.51.100.77';
const BLOCKED = '203.0.113.9';
const OTHER_V6 = '2001:db8:100::77';
/** A target beyond a router. */
const FAR = '10.0.9.5';

const FORWARDS = {
  web: Forward.tcp({ listen: 80, to: 8080, engine: 'iptables' }),
  shop: Forward.tcp({
    listen: 443,
    to: `${backend.v4}:9000`,
    engine: 'iptables',
    allowFrom: ['198.51.100.0/24'],
    denyFrom: ['198.51.100.64/26'],
  }),
  game: Forward.udp({ listen: '27015-27020', to: `${backend.v4}:9000`, engine: 'iptables' }),
  vpn: Forward.protocol({ protocol: 'esp', to: backend.v4 }),
  six: Forward.tcp({ listen: 82, to: `[${backend.v6}]:9000`, engine: 'iptables' }),
  dead: Forward.tcp({ listen: 83, to: 8083, engine: 'iptables' }),
  few: Forward.tcp({
    listen: 84,
    to: 8080,
    engine: 'iptables',
    limits: { newConnectionsPerSecond: 5, burst: 5, openConnections: 10 },
  }),
  far: Forward.tcp({ listen: 85, to: `${FAR}:9000`, engine: 'iptables' }),
  site: Forward.http({ listen: 8081, to: `${backend.v4}:9000`, denyFrom: ['198.51.100.64/26'] }),
  mail: Forward.tcp({ listen: 25, to: `${backend.v4}:9000`, engine: 'nginx', allowFrom: ['198.51.100.0/26'] }),
};

/** Protocol, port and client; then the forward, what happens, the target, and what is said. */
const CASES = [
  ['tcp', 80, client.v4, 'web', 'forwarded', '8080', /^goes to port 8080 of this gateway$/],
  ['tcp', 80, client.v6, 'web', 'forwarded', '8080', /^goes to port 8080 of this gateway$/],
  ['tcp', 443, client.v4, 'shop', 'forwarded', `${backend.v4}:9000`, /sees this gateway, as 10\.0\.1\.1$/],
  [
    'tcp',
    443,
    OTHER,
    'shop',
    'dropped',
    '',
    /denied_v4 .*drop: tcp \. 443 \. 198\.51\.100\.64\/26 comment "shop" of denied_v4$/,
  ],
  ['udp', 27018, OTHER, 'game', 'forwarded', `${backend.v4}:9000`, /^goes to 10\.0\.1\.10:9000/],
  ['tcp', 82, OTHER_V6, 'six', 'forwarded', `[${backend.v6}]:9000`, /sees this gateway, as fd00:1::1$/],
  [
    'tcp',
    83,
    client.v4,
    'dead',
    'refused',
    '8083',
    /^nobody listens on port 8083 of this gateway, which dead leads to$/,
  ],
  ['tcp', 80, BLOCKED, 'web', 'dropped', '', /blocked_v4 counter drop: 203\.0\.113\.0\/24 of blocked_v4$/],
  ['tcp', 85, client.v4, 'far', 'forwarded', `${FAR}:9000`, /sees this gateway, as 10\.0\.1\.1$/],
  ['tcp', 8081, client.v4, 'site', 'forwarded', `${backend.v4}:9000`, /^nginx takes it for site/],
  ['tcp', 8081, OTHER, 'site', 'refused', '', /^site refuses this client: geo deny: 198\.51\.100\.64\/26 1$/],
  ['tcp', 25, client.v4, 'mail', 'forwarded', `${backend.v4}:9000`, /^nginx takes it for mail/],
  ['tcp', 25, OTHER, 'mail', 'dropped', '', /^the security group drops .*: mail refuses this client: deny all\)$/],
] as const;

describeHost('portway explain', () => {
  let gateway: Gateway;
  let host: Host;
  beforeAll(async () => {
    gateway = await Gateway.start();
    host = gateway.host;
    await gateway.succeed({ forwards: FORWARDS, settings: { blocked: [{ text: '203.0.113.0/24', family: 4 }] } });
    await host.sh(
      'client',
      `ip addr add ${OTHER}/24 dev eth0; ip addr add ${BLOCKED}/32 dev eth0; ip addr add ${OTHER_V6}/64 dev eth0 nodad`,
    );
    // As DHCP makes them.
    const dhcp = (to: string, via: string, source: string) =>
      host.sh('gateway', `ip route add ${to} via ${via} proto dhcp src ${source} metric 100`);
    await dhcp('default', client.v4, at.v4);
    await dhcp(`${FAR}/32`, backend.v4, inside.v4);
    await host.sh('backend', `ip addr add ${FAR}/32 dev lo`);
    await host.sh('backend', `ip route add default via ${inside.v4}; ip -6 route add default via ${inside.v6}`);
    await host.app('gateway', 'tcp', 8080);
    for (const protocol of ['tcp', 'udp'] as const) await host.app('backend', protocol, 9000);
  });
  afterAll(() => gateway.stop());

  const run = (...words: readonly string[]) => host.run('gateway', ['portway', 'explain', ...words]);
  const explain = async (words: string): Promise<Explained> => {
    const { code, stdout, stderr } = await run(...words.split(' '), '--json');
    expect(stderr).toBe('');
    const explained: Explained = readPrinted('explain', stdout);
    expect(code).toBe(explained.outcome === 'forwarded' ? 0 : 1);
    return explained;
  };
  const saysOf = ({ steps }: Explained, where: string) =>
    steps.filter((step) => step.where === where).map(({ says }) => says);
  /** Who answers a client, if anybody does. */
  const reached = async (protocol: 'tcp' | 'udp', port: number, from: string) => {
    const to = from.includes(':') ? at.v6 : at.v4;
    const words = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '--max-time', '2', '--interface', from];
    if (port === 8081) return (await host.run('client', ['curl', ...words, `http://${to}:${port}/`])).stdout !== '403';
    const answer = await host.ask('client', protocol, to, port, { address: from });
    return !answer.name.startsWith('none');
  };

  test('tells what happens to packets of clients, and that happens', async () => {
    const told = await Promise.all(
      CASES.map(([protocol, port, from]) =>
        Promise.all([explain(`${protocol} ${port} from ${from}`), reached(protocol, port, from)]),
      ),
    );
    for (const [i, [protocol, port, from, forward, outcome, target, says]] of CASES.entries()) {
      const [explained, isReached] = told[i] as (typeof told)[number];
      const what = `${protocol} ${port} from ${from}`;
      expect({ what, ...explained }).toMatchObject({
        what,
        forward,
        outcome,
        target,
        says: expect.stringMatching(says),
      });
      expect(explained.packet).toMatchObject({ to: from.includes(':') ? at.v6 : at.v4, interface: 'ens5' });
      expect([what, isReached]).toEqual([what, outcome === 'forwarded']);
    }
  });

  test('tells of a protocol without ports, and names the rule', async () => {
    const vpn = await explain(`esp from ${client.v4}`);
    expect(vpn).toMatchObject({ forward: 'vpn', outcome: 'forwarded', target: backend.v4 });
    expect(saysOf(vpn, 'kernel').join('\n')).toMatch(
      /^nat: -A PORTWAY-DNAT -p (esp|50) .*"portway:vpn" -j DNAT --to-destination 10\.0\.1\.10$/m,
    );
    expect(saysOf(vpn, 'security group')).toEqual(['lets it in: 50 from 0.0.0.0/0 (vpn)']);
  });

  test('tells what the security group drops, which this host never sees', async () => {
    const closed = await explain('tcp 9999');
    expect(closed).toMatchObject({ outcome: 'dropped', forward: '' });
    expect(saysOf(closed, 'security group')).toEqual(["lets nobody in from there by rules of this stack's forwards"]);
    expect(saysOf(await explain('tcp 22'), 'security group')).toEqual(['lets in the admin alone']);
  });

  test('tells the limits of one client', async () => {
    expect(saysOf(await explain(`tcp 84 from ${client.v4}`), 'limits')).toEqual([
      'dropped all the same above 5/sec of one client',
      'dropped all the same above 10 of one client',
    ]);
  });

  test('tells rules of others, and what cannot be tried', async () => {
    await host.sh('gateway', `iptables-nft -I INPUT -s ${OTHER} -p tcp --dport 8080 -j DROP`);
    // As fail2ban has them: with elements that are there for a time, and numbers that were counted before.
    await host.sh(
      'gateway',
      `nft -f - <<'END'
      table inet other {
        set bad { type ipv4_addr; flags timeout; elements = { ${OTHER} timeout 1h } }
        chain in { type filter hook input priority 0; tcp dport 8081 ip saddr @bad counter packets 7 bytes 420 drop; }
      }
END`,
    );
    expect(await explain(`tcp 80 from ${OTHER}`)).toMatchObject({
      outcome: 'dropped',
      forward: 'web',
      says: `dropped by filter: -A INPUT -s ${OTHER}/32 -p tcp -m tcp --dport 8080 -j DROP`,
    });
    expect(await explain(`tcp 8081 from ${OTHER}`)).toMatchObject({
      outcome: 'dropped',
      forward: 'site',
      says: expect.stringMatching(
        /^dropped by inet other: tcp dport 8081 ip saddr @bad counter drop: 198\.51\.100\.77 timeout 1h .*of bad$/,
      ),
    });
    // The hooks of Portway are gone, and nobody else lets it through.
    await host.sh('gateway', 'iptables-nft -P FORWARD DROP; iptables-nft -F FORWARD');
    expect(await explain(`tcp 443 from ${client.v4}`)).toMatchObject({
      outcome: 'dropped',
      forward: 'shop',
      says: 'dropped by filter: policy of FORWARD is DROP',
    });
    await host.sh('gateway', 'iptables-nft -D INPUT 1; nft delete table inet other; iptables-nft -P FORWARD ACCEPT');
    await host.sh('gateway', 'portway rules apply');
  });

  test('changes nothing on the host', async () => {
    const state = () =>
      host.sh(
        'gateway',
        'iptables-nft-save -c | sed "/^#/d"; nft list ruleset; ip link; ip addr; ip route; ip netns; conntrack -L 2>/dev/null | grep -cw sport=40000 || :',
      );
    const before = await state();
    await explain(`tcp 80 from ${client.v4}`);
    await explain(`udp 27015 from ${client.v4}`);
    expect(await state()).toBe(before);
  });

  test('prints it for people, and its usage', async () => {
    const { stdout, code } = await run('tcp', '443', 'from', client.v4);
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toBe(`tcp 443 from ${client.v4} to ${at.v4} on ens5`);
    expect(lines[1]).toBe('  security group  lets it in: tcp 443 from 198.51.100.0/24 (shop)');
    expect(lines.at(-1)).toBe(
      `FORWARDED: forward shop: goes to ${backend.v4}:9000, which sees this gateway, as ${inside.v4}`,
    );
    for (const [words, says] of [
      [['tcp'], /^usage: portway explain tcp\|udp PORT/],
      [['tcp', '0'], /^port: must be 1-65535, got '0'/],
      [['tcp', '80', 'from', '1.2.3'], /^from: must be an IPv4 or IPv6 address, got '1\.2\.3'/],
      [['tcp', '80', 'from', at.v4], /^198\.51\.100\.1 is an address of this host/],
    ] as const)
      expect(await run(...words)).toMatchObject({ code: 2, stderr: expect.stringMatching(says) });
  });
});
