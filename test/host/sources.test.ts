import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost, until } from './support/host';
import { RulesHost, rulesOf } from './support/rules';

jest.setTimeout(60_000);

/** A second client on the same machine. */
const OTHER = { v4: '198.51.100.77', v6: '2001:db8:100::77' } as const;
const FIRST_ALONE = ['198.51.100.10/32', '2001:db8:100::10/128'];
const OTHER_ALONE = ['198.51.100.77/32', '2001:db8:100::77/128'];
const REFUSED = /^none: /;

/** As many unused networks as a real list has, spread so that none can be merged. */
const CROWD = Array.from({ length: 300 }, (_, i) => `10.${100 + (i >> 7)}.${(i % 128) * 2}.0/24`);
const CROWD6 = Array.from({ length: 300 }, (_, i) => `2001:db8:${(0x1000 + i * 2).toString(16)}::/48`);

describeHost('who may use a forward', () => {
  let kernel: RulesHost;
  beforeAll(async () => {
    kernel = await RulesHost.start();
    const { host } = kernel;
    await host.sh('client', `ip addr add ${OTHER.v4}/24 dev eth0; ip addr add ${OTHER.v6}/64 dev eth0 nodad`);
    await host.sh('gateway', 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding');
    await host.sh(
      'backend',
      `ip route add default via ${ADDRESS.inside.v4}; ip route add default via ${ADDRESS.inside.v6}`,
    );
    await host.app('gateway', 'tcp', 8080);
    await host.app('gateway', 'udp', 8080);
    await host.app('gateway', 'tcp', 9000);
    await host.app('backend', 'tcp', 8080);
    await host.app('backend', 'udp', 8080);
  });
  afterAll(() => kernel.stop());

  const ask = async (
    protocol: 'tcp' | 'udp',
    port: number,
    client: { v4: string; v6: string },
    family: 'v4' | 'v6' = 'v4',
  ) => (await kernel.host.ask('client', protocol, ADDRESS.gateway[family], port, { address: client[family] })).name;

  const families = ['v4', 'v6'] as const;
  const client = ADDRESS.client;

  test.each(['tcp', 'udp'] as const)('%s: everyone may use a forward without lists', async (protocol) => {
    await kernel.apply(rulesOf({ web: Forward[protocol]({ listen: 80, to: 8080 }) }));
    for (const family of families) {
      expect(await ask(protocol, 80, client, family)).toBe('gateway');
      expect(await ask(protocol, 80, OTHER, family)).toBe('gateway');
    }
  });

  test.each(['tcp', 'udp'] as const)('%s: allowFrom admits its networks and the gateway itself', async (protocol) => {
    await kernel.apply(
      rulesOf({
        web: Forward[protocol]({ listen: 80, to: 8080, allowFrom: FIRST_ALONE }),
        far: Forward[protocol]({
          listen: 81,
          to: [`${ADDRESS.backend.v4}:8080`, `[${ADDRESS.backend.v6}]:8080`],
          allowFrom: FIRST_ALONE,
        }),
        open: Forward[protocol]({ listen: 82, to: 8080 }),
      }),
    );
    for (const family of families) {
      expect(await ask(protocol, 80, client, family)).toBe('gateway');
      expect(await ask(protocol, 80, OTHER, family)).toMatch(REFUSED);
      expect(await ask(protocol, 81, client, family)).toBe('backend');
      expect(await ask(protocol, 81, OTHER, family)).toMatch(REFUSED);
      expect(await ask(protocol, 82, OTHER, family)).toBe('gateway');
      expect((await kernel.host.ask('gateway', protocol, family === 'v4' ? '127.0.0.1' : '::1', 80)).name).toBe(
        'gateway',
      );
    }
  });

  test('a list of one IP version admits nobody of the other', async () => {
    await kernel.apply(rulesOf({ web: Forward.tcp({ listen: 80, to: 8080, allowFrom: ['198.51.100.0/24'] }) }));
    expect(await ask('tcp', 80, client)).toBe('gateway');
    expect(await ask('tcp', 80, client, 'v6')).toMatch(REFUSED);
    await kernel.apply(rulesOf({ web: Forward.tcp({ listen: 80, to: 8080, allowFrom: ['::/0'] }) }));
    expect(await ask('tcp', 80, client)).toMatch(REFUSED);
    expect(await ask('tcp', 80, client, 'v6')).toBe('gateway');
  });

  test.each(['tcp', 'udp'] as const)('%s: denyFrom wins over allowFrom', async (protocol) => {
    await kernel.apply(
      rulesOf({
        web: Forward[protocol]({ listen: 80, to: 8080, denyFrom: OTHER_ALONE }),
        both: Forward[protocol]({
          listen: 81,
          to: 8080,
          allowFrom: ['198.51.100.0/24', '2001:db8:100::/64'],
          denyFrom: OTHER_ALONE,
        }),
      }),
    );
    for (const family of families) {
      for (const port of [80, 81]) {
        expect(await ask(protocol, port, client, family)).toBe('gateway');
        expect(await ask(protocol, port, OTHER, family)).toMatch(REFUSED);
      }
    }
  });

  test('applies to the whole range, and to nothing else', async () => {
    await kernel.apply(rulesOf({ cam: Forward.tcp({ listen: '6000-6010', to: 8080, denyFrom: OTHER_ALONE }) }));
    for (const port of [6000, 6005, 6010]) {
      expect(await ask('tcp', port, client)).toBe('gateway');
      expect(await ask('tcp', port, OTHER)).toMatch(/timed out/);
    }
    // Refused, not dropped: nothing listens there.
    for (const port of [5999, 6011]) expect(await ask('tcp', port, OTHER)).toMatch(/refused/);
  });

  test('matches the first and the last of hundreds of networks, in both IP versions', async () => {
    const rules = rulesOf({
      web: Forward.tcp({ listen: 80, to: 8080, allowFrom: [...CROWD, ...CROWD6, ...FIRST_ALONE] }),
      not: Forward.tcp({ listen: 81, to: 8080, denyFrom: [...CROWD, ...CROWD6, ...OTHER_ALONE] }),
    });
    await kernel.apply(rules);
    // One rule per check, however long the lists are.
    expect((await kernel.host.sh('gateway', 'nft list chain inet portway sources')).match(/drop/g)).toHaveLength(4);
    for (const family of families) {
      expect(await ask('tcp', 80, client, family)).toBe('gateway');
      expect(await ask('tcp', 80, OTHER, family)).toMatch(REFUSED);
      expect(await ask('tcp', 81, client, family)).toBe('gateway');
      expect(await ask('tcp', 81, OTHER, family)).toMatch(REFUSED);
    }
  });

  test("does not take a forward's port on other interfaces", async () => {
    await kernel.apply(
      rulesOf({ web: Forward.tcp({ listen: 9000, to: 8080, interface: 'ens6', allowFrom: ['10.99.0.0/16'] }) }),
    );
    // On ens5 another program has the port, and everyone may use it.
    expect(await ask('tcp', 9000, OTHER)).toBe('gateway');
    expect((await kernel.host.ask('backend', 'tcp', ADDRESS.inside.v4, 9000)).name).toMatch(REFUSED);
    await kernel.apply(
      rulesOf({ web: Forward.tcp({ listen: 9000, to: 8080, interface: 'ens+', denyFrom: OTHER_ALONE }) }),
    );
    expect((await kernel.host.ask('backend', 'tcp', ADDRESS.inside.v4, 9000)).port).toBe(8080);
    expect(await ask('tcp', 9000, OTHER)).toMatch(REFUSED);
  });

  test('does not filter routed traffic, whatever its port', async () => {
    await kernel.apply(rulesOf({ web: Forward.tcp({ listen: 8080, to: 9000, allowFrom: ['10.99.0.0/16'] }) }));
    expect((await kernel.host.ask('client', 'tcp', ADDRESS.backend.v4, 8080)).name).toBe('backend');
    expect(await ask('tcp', 8080, client)).toMatch(REFUSED);
  });

  describe('blocked', () => {
    const open = { web: Forward.tcp({ listen: 80, to: 8080 }) };

    test.each(families)('drops everything from these networks, on every port: %s', async (family) => {
      const blocked = [...CROWD, ...CROWD6, ...OTHER_ALONE].map((text) => ({
        text,
        family: text.includes(':') ? (6 as const) : (4 as const),
      }));
      await kernel.apply(rulesOf(open, { blocked }));
      await kernel.host.sh('gateway', 'conntrack -F');
      expect(await ask('tcp', 80, client, family)).toBe('gateway');
      expect(await ask('tcp', 80, OTHER, family)).toMatch(REFUSED);
      expect(await ask('tcp', 9000, OTHER, family)).toMatch(REFUSED);
      expect(await kernel.host.sh('gateway', `conntrack -L -f ip${family} -s ${OTHER[family]} 2>/dev/null || :`)).toBe(
        '',
      );
      await kernel.apply(rulesOf(open));
      expect(await ask('tcp', 80, OTHER, family)).toBe('gateway');
    });

    test('cuts an open connection', async () => {
      await kernel.apply(rulesOf(open));
      const folder = await mkdtemp(join(tmpdir(), 'portway-cut-'));
      const script = `exec 3<>/dev/tcp/${ADDRESS.gateway.v4}/80; echo ready; touch ${folder}/open; until [[ -e ${folder}/blocked ]]; do sleep 0.1; done; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; timeout 2 head -c 9 <&3`;
      const { host } = kernel;
      const pending = host.sh('client', `{ ${script}; } || echo cut`);
      await until(
        'the connection is open',
        async () => (await host.run('client', ['test', '-e', `${folder}/open`])).code === 0,
      );
      await kernel.apply(rulesOf(open, { blocked: [{ text: '198.51.100.10/32', family: 4 }] }));
      await host.sh('client', `touch ${folder}/blocked`);
      expect(await pending).toBe('ready\ncut\n');
      await rm(folder, { recursive: true });
      await kernel.apply(rulesOf(open));
      expect(await ask('tcp', 80, client)).toBe('gateway');
    });
  });
});
