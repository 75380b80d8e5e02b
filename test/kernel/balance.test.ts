import { Forward } from '../../lib/forward/forward';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { sharedChains } from '../../lib/kernel/balance';
import { chain, hooks, render } from '../iptables/rules';

test('gives each of several targets an even share of what earlier rules let pass', () => {
  const { v4 } = render({ web: Forward.tcp({ listen: 80, to: ['10.0.1.1:80', '10.0.1.2:80', '10.0.1.3:80'] }) });
  expect(chain(v4, 'PORTWAY-DNAT')).toContain('-p tcp --dport 80 -j PORTWAY-web');
  expect(chain(v4, 'PORTWAY-web')).toEqual([
    '-p tcp -m statistic --mode random --probability 0.33333333 -j DNAT --to-destination 10.0.1.1',
    '-p tcp -m statistic --mode random --probability 0.50000000 -j DNAT --to-destination 10.0.1.2',
    '-p tcp -j DNAT --to-destination 10.0.1.3',
  ]);
});

test('turns the weights 1, 1 and 2 into probabilities of a quarter, a third and the rest', () => {
  const { v6 } = render({ web: Forward.udp({ listen: 80, to: [8081, 8082, { to: 8083, weight: 2 }] }) });
  expect(chain(v6, 'PORTWAY-web')).toEqual([
    '-p udp -m statistic --mode random --probability 0.25000000 -j REDIRECT --to-ports 8081',
    '-p udp -m statistic --mode random --probability 0.33333333 -j REDIRECT --to-ports 8082',
    '-p udp -j REDIRECT --to-ports 8083',
  ]);
});

test('by client: uses as many buckets as the weights, divided by their common divisor', () => {
  const { v4, v6 } = render({
    web: Forward.tcp({
      listen: 80,
      to: [
        { to: 8081, weight: 4 },
        { to: 8082, weight: 2 },
      ],
      balance: 'source',
    }),
  });
  const rules = [
    '-p tcp -m mark --mark 0x10000000 -j REDIRECT --to-ports 8081',
    '-p tcp -m mark --mark 0x10000001 -j REDIRECT --to-ports 8081',
    '-p tcp -j REDIRECT --to-ports 8082',
  ];
  expect(chain(v4, 'PORTWAY-web')[0]).toMatch(/^-j HMARK --hmark-tuple src .*--hmark-mod 3 --hmark-offset 0x10000000$/);
  // A client can use any number of addresses in its /64.
  expect(chain(v6, 'PORTWAY-web')[0]).toMatch(/^-j HMARK --hmark-src-prefix 64 .*--hmark-mod 3 /);
  for (const text of [v4, v6]) expect(chain(text, 'PORTWAY-web').slice(1)).toEqual(rules);
});

test('clears marks before any other rule in nat can end the traversal', () => {
  const { v4 } = render({
    here: Forward.tcp({ listen: 80, to: [8080, 8081], balance: 'source' }),
    mixed: Forward.tcp({ listen: 81, to: [8080, '10.0.1.2:80'], balance: 'source' }),
    kept: Forward.tcp({
      listen: 82,
      to: ['10.0.1.1:80', '10.0.1.2:80'],
      balance: 'source',
      preserveClientAddress: true,
    }),
  });
  expect(v4.match(/--hmark-offset \S+/g)?.sort()).toEqual([
    '--hmark-offset 0x10000000',
    '--hmark-offset 0x30000000',
    '--hmark-offset 0x50000000',
  ]);
  expect(hooks(v4).filter((hook) => /^(INPUT|POSTROUTING)/.test(hook))).toEqual([
    'POSTROUTING -m mark --mark 0x40000000/0x60000000 -m conntrack --ctstate DNAT -j PORTWAY-SNAT',
    'POSTROUTING -m mark --mark 0x20000000/0x60000000 -m conntrack --ctstate DNAT -j PORTWAY-KEEP',
    'INPUT -m mark ! --mark 0x0/0x70000000 -m conntrack --ctstate DNAT -j PORTWAY-MARK',
    'POSTROUTING -m mark ! --mark 0x0/0x70000000 -m conntrack --ctstate DNAT -j PORTWAY-MARK',
  ]);
  for (const name of ['SNAT', 'KEEP', 'MARK']) expect(chain(v4, `PORTWAY-${name}`)[0]).toBe('-j MARK --set-mark 0');
});

test('marks nothing for random balance, or for a single target in a family', () => {
  const { v4, v6 } = render({
    lots: Forward.tcp({ listen: 80, to: [8081, 8082] }),
    one: Forward.tcp({ listen: 81, to: ['10.0.1.1:80', '[2001:db8::1]:80'], balance: 'source' }),
  });
  for (const text of [v4, v6]) expect(text).not.toMatch(/HMARK|PORTWAY-MARK/);
});

test('names the chains that the health service rewrites, and no other', () => {
  const { v4, v6 } = render({
    watched: Forward.tcp({ listen: 80, to: ['10.0.1.1:80', '10.0.1.2:80', '[2001:db8::1]:80'], healthCheck: true }),
    unwatched: Forward.tcp({ listen: 81, to: ['10.0.1.1:80', '10.0.1.2:80'] }),
  });
  expect(v4.match(/^#portway-health .*/gm)).toEqual(['#portway-health PORTWAY-watched']);
  expect(v6).not.toMatch(/#portway-health/);
});

test('gives the health service the same rules as were rendered', () => {
  const forwards = {
    lots: Forward.tcp({ listen: 80, to: [8081, { to: '10.0.1.1:80', weight: 3 }, '[2001:db8::1]:80'] }),
    places: Forward.udp({ listen: 81, to: [8081, { to: 8082, weight: 2 }], balance: 'source' }),
  };
  const shared = sharedChains(resolveForwardsOrThrow({ engine: 'iptables', forwards }));
  expect(shared.map(({ chain: name, family }) => `${name} ${family}`)).toEqual([
    ...['PORTWAY-lots 4', 'PORTWAY-places 4', 'PORTWAY-lots 6', 'PORTWAY-places 6'],
  ]);
  const rules = render(forwards);
  for (const { chain: name, family, forward, targets } of shared) {
    const written = chain(family === 4 ? rules.v4 : rules.v6, name).filter((rule) => !rule.includes('HMARK'));
    const repeat = forward.balance === 'source' ? (t: { share: number }) => t.share : () => 1;
    const told = targets.flatMap((t) => Array.from({ length: repeat(t) }, () => t.jump));
    expect(written.map((rule) => rule.slice(rule.indexOf('-j ')))).toEqual(told);
  }
});
