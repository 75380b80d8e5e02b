import { ipv6Map } from '../../src/network/ipv6';

test('routers and backends get addresses in the ranges that the API tells', () => {
  expect(ipv6Map({ vpc: '2001:db8:1200:ab00::/56', subnet: '2001:db8:1200:ab01::/64' })).toEqual({
    vpc: '2001:db8:1200:ab00::/56',
    subnet: '2001:db8:1200:ab01::/64',
    router: '2001:db8:1200:ab01::1',
    backendSubnet: '2001:db8:1200:abff::/64',
    backendRouter: '2001:db8:1200:abff::1',
    backends: ['2001:db8:1200:abff::10', '2001:db8:1200:abff::11'],
  });
});

test.each([
  ['2001:db8::/48', '2001:db8::/64', 'must have an IPv6 /56'],
  ['2001:db8:ffff::/56', '2001:db8:ffff::/64', 'must have an IPv6 /56'],
  ['2001:db8::/56', '2001:db8:0:100::/64', 'must be a /64 of 2001:db8::/56'],
  ['2001:db8::/56', '2001:db8::/60', 'must be a /64 of 2001:db8::/56'],
  ['2001:db8::/56', '2001:db8:0:ff::/64', 'not its last one'],
])('VPC %s with subnet %s is refused', (vpc, subnet, reason) => {
  expect(() => ipv6Map({ vpc, subnet })).toThrow(reason);
});
