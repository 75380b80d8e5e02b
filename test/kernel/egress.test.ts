import { Forward } from '../../lib/forward/forward';
import { chain, hooks, render, table } from '../iptables/rules';

const web = Forward.tcp({ listen: 80, to: 8080 });
const egress = [
  { text: '10.0.0.0/25', family: 4 },
  { text: '10.0.0.128/25', family: 4 },
  { text: '192.168.0.0/16', family: 4 },
  { text: 'fd00::/8', family: 6 },
] as const;

test('translates traffic of private networks, except between them', () => {
  const { v4, v6 } = render({ web }, { egress });
  expect(chain(table(v4, 'nat'), 'PORTWAY-EGRESS')).toEqual([
    '-d 10.0.0.0/24 -j RETURN',
    '-d 192.168.0.0/16 -j RETURN',
    '-s 10.0.0.0/24 -j MASQUERADE',
    '-s 192.168.0.0/16 -j MASQUERADE',
  ]);
  expect(chain(table(v6, 'nat'), 'PORTWAY-EGRESS')).toEqual(['-d fd00::/8 -j RETURN', '-s fd00::/8 -j MASQUERADE']);
});

test('clamps the MSS of their connections, lets them out, and only answers back', () => {
  const { v6 } = render({ web }, { egress });
  expect(chain(table(v6, 'filter'), 'PORTWAY-EGRESS')).toEqual([
    '-s fd00::/8 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu',
    '-d fd00::/8 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu',
    '-d fd00::/8 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    '-d fd00::/8 -j RETURN',
    '-s fd00::/8 -j ACCEPT',
  ]);
});

test('does not apply to connections of forwards', () => {
  const { v4 } = render({ web }, { egress });
  expect(hooks(v4).filter((hook) => hook.endsWith('EGRESS'))).toEqual([
    'POSTROUTING -m conntrack ! --ctstate DNAT -j PORTWAY-EGRESS',
    'FORWARD -m conntrack ! --ctstate DNAT -j PORTWAY-EGRESS',
  ]);
});

test('adds no rules without egress', () => {
  expect(render({ web }).v4).not.toMatch(/EGRESS/);
});
