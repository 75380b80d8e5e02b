import { Forward } from '../../lib/forward/forward';
import { chain, hooks, render, table } from './rules';

test('redirects to a port of the gateway in both families', () => {
  const { v4, v6 } = render({ web: Forward.tcp({ listen: 80, to: 8080 }) });
  for (const text of [v4, v6])
    expect(chain(text, 'PORTWAY-DNAT')).toEqual(['-p tcp --dport 80 -j REDIRECT --to-ports 8080']);
});

test('names the forward in each of its rules; shared rules have no comment, which would cost every packet', () => {
  const { v4 } = render({
    db: Forward.tcp({ listen: 5432, to: ['10.0.1.1:5432', '10.0.1.2:5432'], limits: { openConnections: 3 } }),
  });
  const rules = v4.split('\n').filter((line) => line.startsWith('-A '));
  const named = rules.filter((rule) => /--comment "portway:db"/.test(rule));
  expect(named).toHaveLength(4);
  expect(rules.filter((rule) => !named.includes(rule) && /comment|dport|10\.0\./.test(rule))).toEqual([]);
});

test('limits both nat hooks to packets for the gateway itself', () => {
  const { v4 } = render({
    web: Forward.tcp({ listen: 80, to: [8080, 8081], balance: 'source' }),
    vpn: Forward.protocol({ protocol: 'gre', to: '10.0.1.1' }),
  });
  expect(hooks(table(v4, 'nat')).filter((hook) => /^(PREROUTING|OUTPUT)/.test(hook))).toEqual([
    'PREROUTING -m addrtype --dst-type LOCAL -j PORTWAY-DNAT',
    'OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j PORTWAY-DNAT',
    'OUTPUT -d 127.0.0.1/32 -m addrtype --dst-type LOCAL -j PORTWAY-DNAT',
  ]);
});

test("sends the gateway's own loopback connections only to forwards to the gateway itself", () => {
  const web = Forward.tcp({ listen: 80, to: 8080 });
  const db = Forward.tcp({ listen: 5432, to: ['10.0.1.1:5432', '[2001:db8::1]:5432'] });
  const returned = (text: string) => chain(text, 'PORTWAY-DNAT').filter((rule) => rule.endsWith('-j RETURN'));
  const looped = (text: string) => hooks(table(text, 'nat')).filter((hook) => /^OUTPUT -d/.test(hook));
  for (const [family, own] of [
    ['v4', '127.0.0.1/32'],
    ['v6', '::1/128'],
  ] as const) {
    const both = render({ web, db })[family];
    expect(looped(both)).toEqual([`OUTPUT -d ${own} -m addrtype --dst-type LOCAL -j PORTWAY-DNAT`]);
    expect(returned(both)).toEqual([`-d ${own} -j RETURN`]);
    expect(looped(render({ db })[family])).toEqual([]);
    expect(returned(render({ web })[family])).toEqual([]);
  }
});

test('renders DNAT, SNAT, forwarding and MSS for another host, in its family only', () => {
  const { v4, v6 } = render({ db: Forward.tcp({ listen: 15432, to: '10.0.1.1:5432' }) });
  expect(chain(v4, 'PORTWAY-DNAT')).toEqual([
    '-j MARK --set-mark 0x40000000/0x60000000',
    '-p tcp --dport 15432 -j DNAT --to-destination 10.0.1.1:5432',
    '-j MARK --set-mark 0x0/0x60000000',
  ]);
  expect(chain(v4, 'PORTWAY-SNAT')).toEqual(['-j MARK --set-mark 0', '! -o lo -j MASQUERADE']);
  expect(chain(v4, 'PORTWAY-FORWARD')).toEqual(['-j ACCEPT']);
  expect(chain(v4, 'PORTWAY-NEW')).toEqual([
    '-m mark --mark 0x0/0x60000000 -m conntrack ! --ctstatus CONFIRMED -j RETURN',
    '-p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu',
    '-j ACCEPT',
  ]);
  expect(v6).not.toMatch(/^(-A|:|#portway)/m);
});

test('applies the rules for other hosts to translated connections only', () => {
  const { v4 } = render({
    db: Forward.tcp({ listen: 15432, to: '10.0.1.1:5432', limits: { openConnections: 9 } }),
  });
  expect(hooks(v4).filter((hook) => /^(POSTROUTING|FORWARD -m)/.test(hook))).toEqual([
    'POSTROUTING -m mark --mark 0x40000000/0x60000000 -m conntrack --ctstate DNAT -j PORTWAY-SNAT',
    'FORWARD -m conntrack --ctstate DNAT ! --ctstatus CONFIRMED -j PORTWAY-LIMIT',
    'FORWARD -m conntrack --ctstate DNAT --ctstatus ASSURED -j PORTWAY-FORWARD',
    'FORWARD -m conntrack --ctstate DNAT -j PORTWAY-NEW',
  ]);
});

test('shares the SNAT and forwarding rules between a thousand forwards to other hosts', () => {
  const many = Array.from({ length: 1000 }, (_, i) => [
    `f${i}`,
    Forward.udp({ listen: 2000 + i, to: `10.0.1.1:${i + 1}` }),
  ]);
  const { v4 } = render(Object.fromEntries(many));
  expect(chain(v4, 'PORTWAY-SNAT')).toHaveLength(2);
  expect(chain(v4, 'PORTWAY-FORWARD')).toHaveLength(1);
  expect(chain(v4, 'PORTWAY-NEW')).toHaveLength(2);
});

test('writes all three tables even if empty, so that obsolete chains are removed', () => {
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
])('maps ports %s to %s', (listen, to, jump) => {
  const { v4 } = render({ range: Forward.udp({ listen, to }) });
  expect(chain(v4, 'PORTWAY-DNAT')).toContain(`-p udp --dport 6000:6100 ${jump}`);
});

test('leaves sources to nftables, but omits a forward without any source in its family', () => {
  const { v4, v6 } = render({ web: Forward.tcp({ listen: 80, to: 8080, allowFrom: ['10.0.0.0/25', '10.3.0.0/16'] }) });
  expect(chain(v4, 'PORTWAY-DNAT')).toEqual(['-p tcp --dport 80 -j REDIRECT --to-ports 8080']);
  expect(v6).not.toMatch(/^-A/m);
});

test('omits a listener of one family from the other', () => {
  const { v4, v6 } = render({
    four: Forward.tcp({ listen: 80, to: 8080, family: 'ipv4', limits: { openConnections: 9 } }),
    six: Forward.udp({ listen: 90, to: [8080, 8081], family: 'ipv6', balance: 'source' }),
  });
  expect([v4.includes(':four"'), v4.includes(':six"')]).toEqual([true, false]);
  expect([v6.includes(':four"'), v6.includes(':six"')]).toEqual([false, true]);
});

test('sends each family to its own targets', () => {
  const { v4, v6 } = render({ db: Forward.tcp({ listen: 80, to: ['10.0.1.1:80', '[2001:db8::1]:80'] }) });
  expect(chain(v4, 'PORTWAY-DNAT')).toContain('-p tcp --dport 80 -j DNAT --to-destination 10.0.1.1');
  expect(chain(v6, 'PORTWAY-DNAT')).toContain('-p tcp --dport 80 -j DNAT --to-destination [2001:db8::1]');
  expect([v4.includes('2001:'), v6.includes('10.0.')]).toEqual([false, false]);
});

test('matches the interface only where the destination is changed', () => {
  const { v4 } = render({ web: Forward.tcp({ listen: 80, to: '10.0.1.1:80', interface: 'wg0' }) });
  expect(chain(v4, 'PORTWAY-DNAT')).toContain('-i wg0 -p tcp --dport 80 -j DNAT --to-destination 10.0.1.1');
  expect(v4.match(/wg0/g)).toHaveLength(1);
});

test("shows the gateway's address to a target with preserveClientAddress only for the gateway's own connections", () => {
  const { v4 } = render({
    kept: Forward.tcp({ listen: 80, to: ['10.0.1.1:80', '10.0.1.1:81'], preserveClientAddress: true }),
    gre: Forward.protocol({ protocol: 'gre', to: '10.0.1.2', preserveClientAddress: true }),
    answered: Forward.tcp({ listen: 81, to: '10.0.1.1:80' }),
    here: Forward.tcp({ listen: 82, to: 8080 }),
  });
  expect(chain(v4, 'PORTWAY-KEEP')).toEqual([
    '-j MARK --set-mark 0',
    '-s 10.0.1.1 -d 10.0.1.1 -j MASQUERADE',
    '-s 10.0.1.2 -d 10.0.1.2 -j MASQUERADE',
  ]);
  // Each group of forwards after its mark.
  expect(chain(v4, 'PORTWAY-DNAT').map((rule) => rule.replace(/ -j DNAT.*| -j REDIRECT.*/, ''))).toEqual([
    '-p tcp --dport 82',
    '-d 127.0.0.1/32 -j RETURN',
    '-j MARK --set-mark 0x20000000/0x60000000',
    '-p tcp --dport 80 -j PORTWAY-kept',
    '-p 47',
    '-j MARK --set-mark 0x40000000/0x60000000',
    '-p tcp --dport 81',
    '-j MARK --set-mark 0x0/0x60000000',
  ]);
});

test('marks nothing for forwards to the gateway itself', () => {
  expect(render({ web: Forward.tcp({ listen: 80, to: [8080, 8081] }) }).v4).not.toMatch(/mark/i);
});

test('forwards a protocol without ports in the family of its target', () => {
  const { v4, v6 } = render({
    esp: Forward.protocol({ protocol: 'esp', to: '10.0.1.1' }),
    gre: Forward.protocol({ protocol: 'gre', to: '2001:db8::1', interface: 'eth1' }),
  });
  expect(chain(v4, 'PORTWAY-DNAT')[1]).toBe('-p 50 -j DNAT --to-destination 10.0.1.1');
  expect(chain(v4, 'PORTWAY-SNAT')).toHaveLength(2);
  expect(chain(v4, 'PORTWAY-NEW')).toHaveLength(2);
  expect(v4).not.toContain('TCPMSS');
  expect(chain(v6, 'PORTWAY-DNAT')[1]).toBe('-i eth1 -p 47 -j DNAT --to-destination [2001:db8::1]');
  expect([v4.includes('-p 47'), v6.includes('-p 50')]).toEqual([false, false]);
});

test('adds only hooks to built-in chains, and keeps chain names short', () => {
  const name = 'a-name-of-20-letters';
  const { v4 } = render({ [name]: Forward.tcp({ listen: 80, to: ['10.0.1.1:80', '10.0.1.2:80'] }) });
  const named = [...v4.matchAll(/^(?::|-A )(\S+)/gm)].map(([, chainName]) => chainName ?? '');
  expect(named).toContain(`PORTWAY-${name}`);
  expect(named.filter((n) => !n.startsWith('PORTWAY-') || n.length > 28)).toEqual([]);
});
