import { Forward } from '../../lib/forward/forward';
import { type ForwardSet, resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { renderIptables } from '../../lib/iptables/render';

function render(forwards: ForwardSet['forwards']) {
  return renderIptables(resolveForwardsOrThrow({ engine: 'iptables', forwards }));
}

/** The rules of one chain, without comments. */
function chain(text: string, name: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`-A ${name} `))
    .map((line) => line.replace(`-A ${name} `, '').replace(/-m comment --comment "[^"]*" /, ''));
}

test('a port of the gateway is a redirect in both families', () => {
  const { v4, v6 } = render({ web: Forward.tcp({ listen: 80, to: 8080 }) });
  for (const text of [v4, v6])
    expect(chain(text, 'PORTWAY-DNAT')).toEqual(['-p tcp --dport 80 -j REDIRECT --to-ports 8080']);
});

test('every rule names its forward', () => {
  const { v4 } = render({
    db: Forward.tcp({ listen: 5432, to: ['10.0.1.1:5432', '10.0.1.2:5432'], allowFrom: ['10.0.0.0/8'] }),
  });
  const rules = v4.split('\n').filter((line) => line.startsWith('-A '));
  expect(rules.length).toBeGreaterThan(6);
  expect(rules.filter((rule) => !/--comment "portway:(db|\*)"/.test(rule))).toEqual([]);
});

test('both hooks of nat look at packets for the gateway itself only', () => {
  const { v4 } = render({ web: Forward.tcp({ listen: 80, to: 8080 }) });
  const hooks = v4.match(/^#portway-hook .*PORTWAY-DNAT$/gm);
  expect(hooks).toEqual([
    '#portway-hook PREROUTING -m addrtype --dst-type LOCAL -j PORTWAY-DNAT',
    '#portway-hook OUTPUT -m addrtype --dst-type LOCAL -j PORTWAY-DNAT',
  ]);
});

test('another host: destination, return way and passage; nothing of it in the other family', () => {
  const { v4, v6 } = render({ db: Forward.tcp({ listen: 15432, to: '10.0.1.1:5432' }) });
  expect(chain(v4, 'PORTWAY-DNAT')).toEqual(['-p tcp --dport 15432 -j DNAT --to-destination 10.0.1.1:5432']);
  const translated = '-d 10.0.1.1 -p tcp --dport 5432 -m conntrack --ctstate DNAT --ctorigdstport 15432';
  expect(chain(v4, 'PORTWAY-SNAT')).toEqual([`${translated} -j MASQUERADE`]);
  expect(chain(v4, 'PORTWAY-FORWARD')).toEqual([
    '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    `${translated} -j ACCEPT`,
  ]);
  expect(v6).not.toMatch(/^-A/m);
});

test.each([
  ['6000-6100', '10.0.1.1:6000-6100', '-j DNAT --to-destination 10.0.1.1'],
  ['6000-6100', '10.0.1.1:7000-7100', '-j DNAT --to-destination 10.0.1.1:7000-7100/6000'],
  ['6000-6100', '7000-7100', '-j DNAT --to-destination :7000-7100/6000'],
  ['6000-6100', '7000', '-j REDIRECT --to-ports 7000'],
  ['6000-6100', '10.0.1.1:7000', '-j DNAT --to-destination 10.0.1.1:7000'],
])('ports %s to %s', (listen, to, jump) => {
  const { v4 } = render({ range: Forward.udp({ listen, to }) });
  expect(chain(v4, 'PORTWAY-DNAT')).toEqual([`-p udp --dport 6000:6100 ${jump}`]);
});

test('several targets: each gets an even share of what the ones before it let pass', () => {
  const { v4 } = render({ web: Forward.tcp({ listen: 80, to: ['10.0.1.1:80', '10.0.1.2:80', '10.0.1.3:80'] }) });
  expect(chain(v4, 'PORTWAY-DNAT')).toEqual(['-p tcp --dport 80 -j PORTWAY-web']);
  expect(chain(v4, 'PORTWAY-web')).toEqual([
    '-p tcp -m statistic --mode random --probability 0.33333333 -j DNAT --to-destination 10.0.1.1',
    '-p tcp -m statistic --mode random --probability 0.50000000 -j DNAT --to-destination 10.0.1.2',
    '-p tcp -j DNAT --to-destination 10.0.1.3',
  ]);
});

test('sources: each family has its own, and the gateway itself always may', () => {
  const { v4, v6 } = render({
    web: Forward.tcp({ listen: 80, to: 8080, allowFrom: ['10.0.0.0/25', '10.0.0.128/25', '2001:db8::/32'] }),
  });
  const rest = '-p tcp --dport 80 -j REDIRECT --to-ports 8080';
  expect(chain(v4, 'PORTWAY-DNAT')).toEqual([`-s 10.0.0.0/24 ${rest}`, `-m addrtype --src-type LOCAL ${rest}`]);
  expect(chain(v6, 'PORTWAY-DNAT')).toEqual([`-s 2001:db8::/32 ${rest}`, `-m addrtype --src-type LOCAL ${rest}`]);
});

test('sources of one family leave the forward out of the other', () => {
  const { v6 } = render({ web: Forward.tcp({ listen: 80, to: 8080, allowFrom: ['10.0.0.0/8'] }) });
  expect(v6).not.toMatch(/^-A/m);
});

test('only built-in chains are hooked, never filled, and no chain name is too long', () => {
  const { v4 } = render({ 'a-name-of-20-letters': Forward.tcp({ listen: 80, to: ['10.0.1.1:80', '10.0.1.2:80'] }) });
  const named = [...v4.matchAll(/^(?::|-A )(\S+)/gm)].map(([, name]) => name ?? '');
  expect(named.filter((name) => !name.startsWith('PORTWAY-') || name.length > 28)).toEqual([]);
});
