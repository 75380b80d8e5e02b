import { Forward } from '../../lib/forward/forward';
import { chain, hooks, render, table } from './rules';

test('a port of the gateway is a redirect in both families', () => {
  const { v4, v6 } = render({ web: Forward.tcp({ listen: 80, to: 8080 }) });
  for (const text of [v4, v6])
    expect(chain(text, 'PORTWAY-DNAT')).toEqual(['-p tcp --dport 80 -j REDIRECT --to-ports 8080']);
});

test('every rule names its forward', () => {
  const { v4 } = render({
    db: Forward.tcp({ listen: 5432, to: ['10.0.1.1:5432', '10.0.1.2:5432'], limits: { openConnections: 3 } }),
  });
  const rules = v4.split('\n').filter((line) => line.startsWith('-A '));
  expect(rules.length).toBeGreaterThan(6);
  expect(rules.filter((rule) => !/--comment "portway:(db|\*)"/.test(rule))).toEqual([]);
});

test('both hooks of nat that lead somewhere look at packets for the gateway itself only', () => {
  const { v4 } = render({
    web: Forward.tcp({ listen: 80, to: [8080, 8081], balance: 'source' }),
    vpn: Forward.protocol({ protocol: 'gre', to: '10.0.1.1' }),
  });
  expect(hooks(table(v4, 'nat')).filter((hook) => /^(PREROUTING|OUTPUT)/.test(hook))).toEqual([
    'PREROUTING -m addrtype --dst-type LOCAL -j PORTWAY-DNAT',
    'OUTPUT -m addrtype --dst-type LOCAL -j PORTWAY-DNAT',
  ]);
});

test('another host: destination, return way, passage and segment size; nothing of it in the other family', () => {
  const { v4, v6 } = render({ db: Forward.tcp({ listen: 15432, to: '10.0.1.1:5432' }) });
  expect(chain(v4, 'PORTWAY-DNAT')).toEqual(['-p tcp --dport 15432 -j DNAT --to-destination 10.0.1.1:5432']);
  const translated = '-d 10.0.1.1 -p tcp --dport 5432 -m conntrack --ctorigdstport 15432';
  expect(chain(v4, 'PORTWAY-SNAT')).toEqual([`${translated} -j MASQUERADE`]);
  expect(chain(v4, 'PORTWAY-FORWARD')).toEqual([
    '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    `${translated} -j ACCEPT`,
  ]);
  expect(chain(v4, 'PORTWAY-MSS')).toEqual(['-p tcp -m conntrack --ctstate DNAT -j TCPMSS --clamp-mss-to-pmtu']);
  expect(v6).not.toMatch(/^(-A|:|#portway)/m);
});

test('only connections that were translated meet the rules for other hosts', () => {
  const { v4 } = render({
    db: Forward.tcp({ listen: 15432, to: '10.0.1.1:5432', limits: { openConnections: 9 } }),
  });
  expect(hooks(v4).filter((hook) => /^(POSTROUTING|FORWARD -m)/.test(hook))).toEqual([
    'POSTROUTING -m conntrack --ctstate DNAT -j PORTWAY-SNAT',
    'FORWARD -m conntrack --ctstate DNAT ! --ctstatus CONFIRMED -j PORTWAY-LIMIT',
    'FORWARD -m conntrack --ctstate DNAT -j PORTWAY-FORWARD',
  ]);
});

test('all three tables are written even when they are empty, so that chains of an earlier content go', () => {
  for (const text of Object.values(render({ web: Forward.tcp({ listen: 80, to: 8080 }) }))) {
    expect(text.match(/^\*\w+$/gm)).toEqual(['*nat', '*mangle', '*filter']);
    expect(text.match(/^COMMIT$/gm)).toHaveLength(3);
  }
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

test('sources are judged elsewhere, but without any of its family a forward is left out', () => {
  const { v4, v6 } = render({ web: Forward.tcp({ listen: 80, to: 8080, allowFrom: ['10.0.0.0/25', '10.3.0.0/16'] }) });
  expect(chain(v4, 'PORTWAY-DNAT').at(-1)).toMatch(/-p tcp --dport 80 -j REDIRECT --to-ports 8080$/);
  expect(v6).not.toMatch(/^-A/m);
});

test('a listener of one family is not there in the other', () => {
  const { v4, v6 } = render({
    four: Forward.tcp({ listen: 80, to: 8080, family: 'ipv4', limits: { openConnections: 9 } }),
    six: Forward.udp({ listen: 90, to: [8080, 8081], family: 'ipv6', balance: 'source' }),
  });
  expect([v4.includes(':four"'), v4.includes(':six"')]).toEqual([true, false]);
  expect([v6.includes(':four"'), v6.includes(':six"')]).toEqual([false, true]);
});

test('targets of both families: each family leads to its own', () => {
  const { v4, v6 } = render({ db: Forward.tcp({ listen: 80, to: ['10.0.1.1:80', '[2001:db8::1]:80'] }) });
  expect(chain(v4, 'PORTWAY-DNAT')).toEqual(['-p tcp --dport 80 -j DNAT --to-destination 10.0.1.1']);
  expect(chain(v6, 'PORTWAY-DNAT')).toEqual(['-p tcp --dport 80 -j DNAT --to-destination [2001:db8::1]']);
});

test('an interface is asked where packets are led, and nowhere else', () => {
  const { v4 } = render({ web: Forward.tcp({ listen: 80, to: '10.0.1.1:80', interface: 'wg0' }) });
  expect(chain(v4, 'PORTWAY-DNAT')).toEqual(['-i wg0 -p tcp --dport 80 -j DNAT --to-destination 10.0.1.1']);
  expect(v4.match(/wg0/g)).toHaveLength(1);
});

test("clients' addresses are kept from nobody but the target itself", () => {
  const { v4 } = render({ db: Forward.tcp({ listen: 80, to: '10.0.1.1:80', preserveClientAddress: true }) });
  expect(chain(v4, 'PORTWAY-SNAT')).toEqual([
    '-s 10.0.1.1 -d 10.0.1.1 -p tcp --dport 80 -m conntrack --ctorigdstport 80 -j MASQUERADE',
  ]);
});

test('a protocol without ports: destination, return way and passage, in the family of its target', () => {
  const { v4, v6 } = render({
    esp: Forward.protocol({ protocol: 'esp', to: '10.0.1.1' }),
    gre: Forward.protocol({ protocol: 'gre', to: '2001:db8::1', interface: 'eth1' }),
  });
  expect(chain(v4, 'PORTWAY-DNAT')).toEqual(['-p 50 -j DNAT --to-destination 10.0.1.1']);
  expect(chain(v4, 'PORTWAY-SNAT')).toEqual(['-d 10.0.1.1 -p 50 -j MASQUERADE']);
  expect(chain(v4, 'PORTWAY-FORWARD').slice(1)).toEqual(['-d 10.0.1.1 -p 50 -j ACCEPT']);
  expect(chain(v6, 'PORTWAY-DNAT')).toEqual(['-i eth1 -p 47 -j DNAT --to-destination [2001:db8::1]']);
});

test('only built-in chains are hooked, never filled, and no chain name is too long', () => {
  const name = 'a-name-of-20-letters';
  const { v4 } = render({ [name]: Forward.tcp({ listen: 80, to: ['10.0.1.1:80', '10.0.1.2:80'] }) });
  const named = [...v4.matchAll(/^(?::|-A )(\S+)/gm)].map(([, chainName]) => chainName ?? '');
  expect(named).toContain(`PORTWAY-${name}`);
  expect(named.filter((n) => !n.startsWith('PORTWAY-') || n.length > 28)).toEqual([]);
});
