import { type FirewallRule, type Placement, routerRules } from '../../src/network/firewall';

const placement = (ingress: FirewallRule[], egress: FirewallRule[] = []): Placement => ({
  privateIp: '10.0.0.10',
  publicIp: '203.0.113.100',
  hopLimit: 1,
  rules: { ingress, egress },
});

/** The lines of one chain. */
function chain(text: string, name: string): string[] {
  const body = text.split(`chain ${name} {\n`)[1]?.split('\n  }')[0] ?? '';
  return body.split('\n').map((line) => line.trim());
}

test('each rule of a group becomes one line per range, and the rest is dropped', () => {
  const text = routerRules([
    placement([
      { protocol: 'tcp', fromPort: 80, toPort: 80, cidrs: ['0.0.0.0/0', '::/0'] },
      { protocol: 'udp', fromPort: 27000, toPort: 27015, cidrs: ['198.51.100.0/24'] },
      { protocol: 'icmp', fromPort: 8, toPort: -1, cidrs: ['0.0.0.0/0'] },
      { protocol: '-1', cidrs: ['10.0.0.0/16'] },
      { protocol: '6', cidrs: ['192.0.2.1/32'] },
      { protocol: '50', cidrs: ['192.0.2.1/32'] },
    ]),
  ]);
  expect(chain(text, 'ingress_10_0_0_10')).toEqual([
    'ip saddr 0.0.0.0/0 tcp dport 80-80 counter return',
    'ip6 saddr ::/0 tcp dport 80-80 counter return',
    'ip saddr 198.51.100.0/24 udp dport 27000-27015 counter return',
    'ip saddr 0.0.0.0/0 meta l4proto icmp icmp type 8 counter return',
    'ip saddr 10.0.0.0/16 counter return',
    'ip saddr 192.0.2.1/32 meta l4proto tcp counter return',
    'ip saddr 192.0.2.1/32 meta l4proto 50 counter return',
    'counter drop',
  ]);
});

test('egress looks at where a packet goes', () => {
  const text = routerRules([placement([], [{ protocol: 'tcp', fromPort: 443, toPort: 443, cidrs: ['0.0.0.0/0'] }])]);
  expect(chain(text, 'egress_10_0_0_10')).toEqual([
    'ip daddr 0.0.0.0/0 tcp dport 443-443 counter return',
    'counter drop',
  ]);
});

test('a protocol that is none is refused', () => {
  expect(() => routerRules([placement([{ protocol: 'tpc', cidrs: ['0.0.0.0/0'] }])])).toThrow('got protocol: tpc');
});

describe('who may send and be sent what', () => {
  const own = placement([]);
  const checks = (text: string) =>
    chain(text, 'forward').filter((line) => line.includes('source and destination check'));

  test('an instance without IPv6 sends none', () => {
    expect(checks(routerRules([own]))).toEqual([
      expect.stringMatching(/^iifname "vpc" ether saddr 0a:00:0a:00:00:0a ip saddr != 10.0.0.10 /),
      expect.stringMatching(/^oifname "vpc" rt ip nexthop 10.0.0.10 ip daddr != 10.0.0.10 /),
      expect.stringMatching(/^iifname "vpc" ether saddr 0a:00:0a:00:00:0a meta nfproto ipv6 /),
    ]);
  });

  test('an IPv6 address is checked, and led to the same groups', () => {
    const text = routerRules([{ ...own, ipv6: '2001:db8::a' }]);
    expect(checks(text).filter((line) => line.includes('ip6'))).toEqual([
      expect.stringMatching(/^iifname "vpc" ether saddr 0a:00:0a:00:00:0a ip6 saddr != 2001:db8::a /),
      expect.stringMatching(/^oifname "vpc" rt ip6 nexthop 2001:db8::a ip6 daddr != 2001:db8::a /),
    ]);
    expect(chain(text, 'forward')).toContain('oifname "vpc" rt ip6 nexthop 2001:db8::a jump ingress_10_0_0_10');
  });

  test('the check can be off, the groups not', () => {
    const text = routerRules([{ ...own, sourceDestCheck: false }]);
    expect(checks(text)).toEqual([]);
    expect(chain(text, 'forward')).toContain('iifname "vpc" ether saddr 0a:00:0a:00:00:0a jump egress_10_0_0_10');
  });
});
