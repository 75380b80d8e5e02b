import { Forward } from '../../lib/forward/forward';
import type { HostStatus } from '../../lib/host/outputs/status';
import { readPrinted } from '../support/json-schema';
import { type Deploy, Gateway } from './support/gateway';
import { ADDRESS, describeHost, type Host, type Party, STOP_NGINX } from './support/host';

jest.setTimeout(60_000);

const DEPLOY: Deploy = {
  forwards: {
    web: Forward.tcp({ listen: 80, to: 8080, engine: 'iptables' }),
    web2: Forward.tcp({ listen: 81, to: `${ADDRESS.backend.v4}:9000`, engine: 'iptables' }),
    cam: Forward.udp({ listen: '6000-6010', to: `${ADDRESS.backend.v4}:9000`, engine: 'iptables' }),
    near: Forward.udp({ listen: 83, to: 9000, engine: 'iptables' }),
    six: Forward.tcp({ listen: 82, to: `[${ADDRESS.backend.v6}]:9000`, engine: 'iptables' }),
    few: Forward.tcp({
      listen: 8090,
      to: 8080,
      engine: 'iptables',
      limits: { newConnectionsPerSecond: 1, burst: 1, openConnections: 10 },
    }),
    vpn: Forward.protocol({ protocol: 'esp', to: ADDRESS.backend.v4, denyFrom: ['192.0.2.0/24'] }),
    site: Forward.tcp({ listen: 8081, to: ['10.0.1.10:8080', '10.0.1.11:8080'] }),
  },
};

describeHost('portway status', () => {
  let gateway: Gateway;
  let host: Host;
  beforeAll(async () => {
    gateway = await Gateway.start();
    host = gateway.host;
    await gateway.succeed(DEPLOY);
    await host.sh(
      'backend',
      `ip route add default via ${ADDRESS.inside.v4}; ip -6 route add default via ${ADDRESS.inside.v6}`,
    );
    await host.app('gateway', 'tcp', 8080);
    await host.app('gateway', 'udp', 9000);
    await host.app('backend', 'tcp', 9000);
    await host.app('backend', 'udp', 9000);
    await host.app('backend', 'tcp', 80);
    await host.serve('backend', ['python3', host.support('backend', 'raw.py'), 'serve', '50', ADDRESS.backend.v4]);
  });
  afterAll(() => gateway.stop());

  const status = async (): Promise<HostStatus> =>
    readPrinted('status', (await host.run('gateway', ['/usr/local/bin/portway', 'status', '--json'])).stdout);
  const counts = async (name: string) => {
    const forward = (await status()).forwards.find((f) => f.forward === name);
    return {
      packets: Number(forward?.packets),
      bytes: Number(forward?.bytes),
      connections: Number(forward?.connections),
    };
  };
  /** The change of a forward's counters by some traffic. */
  const added = async (name: string, traffic: () => Promise<unknown>) => {
    const before = await counts(name);
    await traffic();
    const after = await counts(name);
    return {
      packets: after.packets - before.packets,
      bytes: after.bytes - before.bytes,
      connections: after.connections - before.connections,
    };
  };
  const ask = (protocol: 'tcp' | 'udp', port: number, from: Party = 'client', address: string = ADDRESS.gateway.v4) =>
    host.ask(from, protocol, address, port);

  test('prints each forward with listener, engine and targets, in the order of the stack', async () => {
    const { code, stdout, stderr } = await host.run('gateway', ['/usr/local/bin/portway', 'status']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/\s+/));
    expect(rows[0]).toEqual(['forward', 'listener', 'engine', 'packets', 'bytes', 'connections', 'targets']);
    const shown = rows
      .slice(1, -1)
      .map(([name, listener, engine, , , , ...targets]) => [name, listener, engine, targets.join(' ')]);
    expect(rows.at(-1)?.slice(0, 2)).toEqual(['runs', 'Linux']);
    expect(shown).toEqual([
      ['web', 'tcp/80', 'iptables', '8080'],
      ['web2', 'tcp/81', 'iptables', '10.0.1.10:9000'],
      ['cam', 'udp/6000-6010', 'iptables', '10.0.1.10:9000'],
      ['near', 'udp/83', 'iptables', '9000'],
      ['six', 'tcp/82', 'iptables', '[fd00:1::10]:9000'],
      ['few', 'tcp/8090', 'iptables', '8080'],
      ['vpn', '50', 'iptables', '10.0.1.10'],
      ['site', 'tcp/8081', 'nginx', '10.0.1.10:8080, 10.0.1.11:8080'],
    ]);
  });

  test.each([
    ['web', 'tcp', 80, ADDRESS.gateway.v4],
    ['web2', 'tcp', 81, ADDRESS.gateway.v4],
    ['cam', 'udp', 6005, ADDRESS.gateway.v4],
    ['six', 'tcp', 82, ADDRESS.gateway.v6],
  ] as const)(
    'counts connections, and packets and bytes of both directions: %s',
    async (name, protocol, port, address) => {
      const one = await added(name, () => ask(protocol, port, 'client', address));
      expect(one.connections).toBe(1);
      // UDP: a datagram and its answer. TCP: at least the handshake, request, answer and close, each acknowledged.
      expect(one.packets).toBeGreaterThanOrEqual(protocol === 'udp' ? 2 : 8);
      expect(one.bytes).toBeGreaterThan(one.packets * 28);
      const five = await added(name, async () => {
        for (let i = 0; i < 5; i++) await ask(protocol, port, 'client', address);
      });
      expect(five.connections).toBe(5);
      expect(five.packets).toBeGreaterThanOrEqual(one.packets * 4);
    },
  );

  test.each([
    ['a client’s, to another host', 'client', 'cam', 6002],
    ['a client’s, to the gateway', 'client', 'near', 83],
    ['the gateway’s own, to another host', 'gateway', 'cam', 6002],
  ] as const)('counts each packet once, a datagram of one byte and its answer: %s', async (_, from, name, port) => {
    const { packets, bytes } = await added(name, () => ask('udp', port, from));
    expect(packets).toBe(2);
    // Two IP and UDP headers, the byte, and a line of JSON.
    expect(bytes).toBeGreaterThan(2 * 28 + 1 + 20);
    expect(bytes).toBeLessThan(2 * 28 + 1 + 200);
  });

  test('counts what the gateway sends to itself once, as it counts a client', async () => {
    const client = await added('web', () => ask('tcp', 80));
    const own = await added('web', () => ask('tcp', 80, 'gateway'));
    expect(own.connections).toBe(1);
    // The number of acknowledgements varies by one or two.
    expect(own.packets).toBeGreaterThan(client.packets * 0.6);
    expect(own.packets).toBeLessThan(client.packets * 1.5);
  });

  test('counts a protocol without ports', async () => {
    const one = await added('vpn', () =>
      host.sh('client', `python3 ${host.support('client', 'raw.py')} ask 50 ${ADDRESS.gateway.v4} hello`),
    );
    expect(one.packets).toBe(2);
  });

  test('counts no routed packet, and none of another forward', async () => {
    const before = await status();
    expect((await ask('tcp', 80, 'client', ADDRESS.backend.v4)).name).toBe('backend');
    expect((await ask('tcp', 81, 'client', ADDRESS.backend.v4)).name).toMatch(/none/);
    expect(await status()).toEqual(before);
    await ask('tcp', 81);
    const after = await status();
    const others = ({ forwards }: HostStatus) => forwards.filter((f) => f.forward !== 'web2');
    expect(others(after)).toEqual(others(before));
  });

  test('warns of clients beyond the limits of a forward on iptables, once they are', async () => {
    const warnings = async () => (await status()).warnings.filter((w) => w.startsWith('few: '));
    expect(await warnings()).toEqual([]);
    const attempt = `timeout 0.3 bash -c '</dev/tcp/${ADDRESS.gateway.v4}/8090' || :`;
    await host.sh('client', `for i in {1..5}; do ${attempt}; done 2>/dev/null`);
    const said = /^few: clients went over its limits: (\d+) packets dropped, the last before \d{4}-/;
    const [warning, ...more] = await warnings();
    expect(more).toEqual([]);
    const count = Number(said.exec(warning ?? '')?.[1]);
    expect(count).toBeGreaterThanOrEqual(3);
    // A second look counts nothing twice.
    expect(await warnings()).toEqual([warning]);
  });

  test('warns when the kernel can hardly track more connections', async () => {
    const tracked = async () => (await status()).warnings.filter((w) => w.startsWith('the kernel tracks '));
    expect(await tracked()).toEqual([]);
    // Makes the program believe that the table is a small host's.
    const max = '/proc/sys/net/netfilter/nf_conntrack_max';
    await host.sh('gateway', `echo 2000 >/run/max; mount --bind /run/max ${max}`);
    expect(await tracked()).toEqual([]);
    await host.sh('client', `python3 ${host.support('client', 'hold.py')} forge ${ADDRESS.gateway.v4} 9001 1900 203.0`);
    expect(await tracked()).toEqual([expect.stringMatching(/^the kernel tracks 19\d\d of at most 2000 connections/)]);
    await host.sh('gateway', `conntrack -F; umount ${max}`);
    expect(await tracked()).toEqual([]);
  });

  test('shows the health of targets', async () => {
    const state = { forward: 'web2', target: '10.0.1.10:9000', up: false, since: 1700000000 };
    await host.write('/run/portway/health/state', `${JSON.stringify(state)}\n`);
    expect((await status()).forwards.find((f) => f.forward === 'web2')?.targets).toEqual([
      { target: '10.0.1.10:9000', up: false, since: 1700000000 },
    ]);
    expect(await host.sh('gateway', 'portway status')).toMatch(/^web2 .* 10\.0\.1\.10:9000 DOWN$/m);
    await host.sh('gateway', 'rm /run/portway/health/state');
  });

  describe('reports differences from what was deployed', () => {
    afterEach(async () => {
      await host.sh('gateway', 'portway rules apply');
    });

    test.each([
      ['a missing hook', 'iptables-nft -t nat -D PREROUTING 1', /iptables is not as wanted/],
      ['a hook that is not at the top', 'iptables-nft -t nat -I PREROUTING -p icmp', /iptables is not as wanted/],
      ['a missing rule', 'ip6tables-nft -t nat -D PORTWAY-DNAT 1', /ip6tables is not as wanted/],
      ['the missing nft table', 'nft delete table inet portway', /nftables is not as wanted/],
      ['everything gone', 'nft flush ruleset', /iptables is not as wanted[\s\S]*nftables is not as wanted/],
    ])('%s', async (_, tamper, said) => {
      await host.sh('gateway', tamper);
      const result = await host.run('gateway', ['/usr/local/bin/portway', 'status']);
      expect(result.code).toBe(1);
      expect(result.stderr).toMatch(/^NOT AS DEPLOYED: /);
      expect(result.stderr).toMatch(said);
      expect((await status()).problems.join('\n')).toMatch(said);
    });

    test('a full disk', async () => {
      await host.sh('gateway', 'mount -t tmpfs -o size=1m none /var/log');
      const result = await host.run('gateway', ['/usr/local/bin/portway', 'status']);
      await host.sh('gateway', 'umount /var/log');
      expect(result.code).toBe(1);
      expect(result.stderr).toMatch(/^NOT AS DEPLOYED: the disk is full$/m);
      expect((await status()).problems.join('\n')).not.toMatch(/disk is full/);
    });

    test('a metadata service open to every account', async () => {
      await host.sh('gateway', 'ip rule del pref 91');
      expect((await status()).problems).toEqual(['every account may ask the metadata service']);
      await host.sh('gateway', '/usr/local/lib/portway/metadata.sh');
    });

    test('an nginx that could not restart', async () => {
      await host.sh('gateway', 'echo nonsense >>/etc/nginx/nginx.conf');
      expect((await status()).problems.join()).toMatch(/\[emerg\] .*unexpected end of file/);
      await host.sh('gateway', "sed -i '$d' /etc/nginx/nginx.conf");
    });

    test('an nginx with another configuration, or none', async () => {
      const conf = await host.read('/etc/nginx/nginx.conf');
      await host.sh('gateway', STOP_NGINX);
      const result = await host.run('gateway', ['/usr/local/bin/portway', 'status']);
      expect(result.code).toBe(1);
      expect(result.stderr).toMatch(/nginx runs another configuration/);
      await host.write('/etc/nginx/nginx.conf', conf);
      await host.sh('gateway', 'nginx');
    });
  });

  test('prints its usage', async () => {
    expect(await host.run('gateway', ['/usr/local/bin/portway'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('usage: portway status'),
    });
  });
});
