import type { Cidr } from '../../lib/forward/cidr';
import { Forward } from '../../lib/forward/forward';
import { type GatewaySettingsProps, NO_SETTINGS, readGatewaySettings } from '../../lib/forward/gateway-settings';
import { type PortwayError, Problems } from '../../lib/forward/problems';
import { checkReach } from '../../lib/forward/reach';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';

const admin = { text: '203.0.113.7/32', family: 4 } as const;

function found(check: (problems: Problems) => void): readonly string[] {
  const problems = new Problems();
  check(problems);
  try {
    problems.throwIfAny();
  } catch (error) {
    return (error as PortwayError).problems;
  }
  return [];
}

test('does nothing by default', () => {
  expect(readGatewaySettings({}, admin, new Problems())).toEqual(NO_SETTINGS);
});

test('reads all settings', () => {
  const props: GatewaySettingsProps = {
    blocked: ['198.51.100.0/24', '2001:db8:bad::/48'],
    egress: { from: ['10.0.0.0/16'] },
    ping: false,
    ipv6: true,
    flowOffload: true,
  };
  const problems = new Problems();
  expect(readGatewaySettings(props, admin, problems)).toEqual({
    blocked: [
      { text: '198.51.100.0/24', family: 4 },
      { text: '2001:db8:bad::/48', family: 6 },
    ],
    egress: [{ text: '10.0.0.0/16', family: 4 }],
    loginClosedTo: [{ text: '10.0.0.0/16', family: 4 }],
    ping: false,
    ipv6: true,
    fetchedLists: [],
    flowOffload: true,
    metadataUsers: [],
  });
  expect(problems.length).toBe(0);
});

test('closes port 22 to private networks, except for an admin in them', () => {
  const closed = (adminCidr: Cidr, from: string[]) =>
    readGatewaySettings({ egress: { from }, ipv6: true }, adminCidr, new Problems()).loginClosedTo.map((c) => c.text);
  expect(closed(admin, ['10.0.0.0/16', '2001:db8::/56'])).toEqual(['10.0.0.0/16', '2001:db8::/56']);
  expect(closed({ text: '10.0.0.0/17', family: 4 }, ['10.0.0.0/16'])).toEqual(['10.0.128.0/17']);
  expect(closed({ text: '10.0.0.0/8', family: 4 }, ['10.0.0.0/16'])).toEqual([]);
  // Somebody whose address is not known yet is not locked out.
  const token = `$${'{Token[TOKEN.1]}'}`;
  expect(closed({ text: token, family: 4 }, ['10.0.0.0/16'])).toEqual([]);
  expect(closed(admin, [token, '10.0.0.0/16'])).toEqual(['10.0.0.0/16']);
});

test.each<[string, GatewaySettingsProps, RegExp]>([
  ['everyone blocked', { blocked: ['0.0.0.0/0'] }, /^blocked must not be everyone, got: 0\.0\.0\.0\/0$/],
  ['the admin blocked', { blocked: ['203.0.113.0/24'] }, /^blocked must leave adminCidr \(203\.0\.113\.7\/32\) out/],
  ['an invalid blocked network', { blocked: ['botnet'] }, /^blocked\[0\] must be a CIDR block/],
  ['nobody blocked', { blocked: [] }, /^blocked must hold at least one CIDR block/],
  ['egress from nowhere', { egress: {} as never }, /^egress must say which networks go out/],
  ['egress from no network', { egress: { from: [] } }, /^egress\.from must hold at least one CIDR block/],
  ['egress from everyone', { egress: { from: ['::/0'] } }, /^egress\.from must not be everyone/],
  [
    'egress from an IPv6 network without IPv6',
    { egress: { from: ['10.0.0.0/16', '2001:db8::/56'] } },
    /^egress\.from must be IPv4 while the gateway has no IPv6: add ipv6: true to the stack, got: 2001:db8::\/56$/,
  ],
  ['egress that is not an object', { egress: true as never }, /^egress must say which networks go out/],
  ['a ping that is not a boolean', { ping: 'yes' as never }, /^ping must be true or false, got: yes$/],
  ['ipv6 that is not a boolean', { ipv6: 1 as never }, /^ipv6 must be true or false, got: 1$/],
])('%s', (_what, props, message) => {
  const problems = found((p) => readGatewaySettings(props, admin, p));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(message);
});

describe('reach', () => {
  const reach = (ipv6: boolean, forward: Forward) =>
    found((p) => checkReach(resolveForwardsOrThrow({ forwards: { x: forward } }), { ipv6 }, p));
  const tcp = (to: string | string[], family?: 'ipv4' | 'ipv6') =>
    Forward.tcp({ listen: 80, to, engine: 'iptables', ...(family === undefined ? {} : { family }) });

  test('accepts only IPv4 targets without IPv6', () => {
    expect(reach(false, tcp('10.0.1.1:80'))).toEqual([]);
    expect(reach(false, Forward.tcp({ listen: 80, to: 8080, engine: 'iptables' }))).toEqual([]);
    expect(reach(false, tcp('[2001:db8::1]:80'))).toEqual([
      'forwards.x.to must be IPv4 while the gateway has no IPv6: add ipv6: true to the stack, got: 2001:db8::1',
    ]);
    expect(reach(false, Forward.tcp({ listen: 80, to: 81, family: 'ipv6', engine: 'iptables' }))).toEqual([
      'forwards.x.family must not be ipv6 while the gateway has no IPv6: add ipv6: true to the stack, got: ipv6',
    ]);
  });

  test('requires a target for each IP version that a forward listens on', () => {
    expect(reach(true, tcp(['10.0.1.1:80', '[2001:db8::1]:80']))).toEqual([]);
    expect(reach(true, tcp('10.0.1.1:80', 'ipv4'))).toEqual([]);
    expect(reach(true, tcp('[2001:db8::1]:80', 'ipv6'))).toEqual([]);
    expect(reach(true, Forward.tcp({ listen: 80, to: 8080, engine: 'iptables' }))).toEqual([]);
    // nginx ends the one connection and makes the other.
    expect(reach(true, Forward.http({ listen: 80, to: '10.0.1.1:80' }))).toEqual([]);
    expect(reach(true, tcp('10.0.1.1:80'))).toEqual([
      "forwards.x.to must hold an IPv6 target too, since it listens on IPv6 and iptables cannot translate between the versions: add one, or family: 'ipv4', or engine: 'nginx', got: 10.0.1.1",
    ]);
    expect(reach(true, tcp('[2001:db8::1]:80'))[0]).toContain('must hold an IPv4 target too');
    expect(reach(true, Forward.protocol({ protocol: 'esp', to: '10.0.1.1' }))[0]).toContain('must hold an IPv6 target');
  });
});
