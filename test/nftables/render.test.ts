import { Forward } from '../../lib/forward/forward';
import { type GatewaySettings, NO_SETTINGS } from '../../lib/forward/gateway-settings';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { renderNftables } from '../../lib/kernel/render-nftables';

function render(forwards: Readonly<Record<string, Forward>>, settings: Partial<GatewaySettings> = {}) {
  return renderNftables(resolveForwardsOrThrow({ engine: 'iptables', forwards }), { ...NO_SETTINGS, ...settings });
}

/** The entries of a set; undefined when there is no such set. */
function entries(text: string | undefined, name: string): string[] | undefined {
  const body = new RegExp(`  set ${name} \\{\\n[\\s\\S]*?elements = \\{\\n([\\s\\S]*?)\\n    \\}`).exec(
    text ?? '',
  )?.[1];
  return body?.split('\n').map((line) => line.trim().replace(/,$/, ''));
}

/** The rules of a chain. */
function rules(text: string | undefined, name: string): string[] {
  const body = new RegExp(`  chain ${name} \\{\\n([\\s\\S]*?)\\n  \\}`).exec(text ?? '')?.[1];
  return (body ?? '').split('\n').map((line) => line.trim());
}

const NETWORKS = {
  v4: { text: '192.0.2.0/24', family: 4 },
  half: { text: '192.0.3.0/24', family: 4 },
  v6: { text: '2001:db8:bad::/48', family: 6 },
} as const;
const open = { web: Forward.tcp({ listen: 80, to: 8080 }) };

test('has no table without lists of networks', () => {
  expect(render(open)).toBeUndefined();
  expect(render({ web: Forward.tcp({ listen: 80, to: 8080, engine: 'nginx' }) })).toBeUndefined();
});

test('drops blocked networks with either engine, merged where adjacent', () => {
  const text = render(
    { web: Forward.tcp({ listen: 80, to: 8080, engine: 'nginx' }) },
    { blocked: [NETWORKS.half, NETWORKS.v6] },
  );
  expect(entries(text, 'blocked_v4')).toEqual(['192.0.3.0/24']);
  expect(entries(text, 'blocked_v6')).toEqual(['2001:db8:bad::/48']);
  expect(rules(text, 'blocked')).toEqual([
    'type filter hook prerouting priority raw;',
    'iif lo accept',
    'ip saddr @blocked_v4 counter drop',
    'ip6 saddr @blocked_v6 counter drop',
  ]);
  expect(entries(render(open, { blocked: [NETWORKS.v4, NETWORKS.half] }), 'blocked_v4')).toEqual(['192.0.2.0/23']);
});

test('admits only listed networks, in both IP versions', () => {
  const text = render({
    db: Forward.tcp({ listen: 5432, to: 8080, allowFrom: ['198.51.100.0/24', '198.51.101.0/24', '2001:db8::/32'] }),
    cam: Forward.udp({ listen: '6000-6100', to: 8080, allowFrom: ['198.51.100.0/24'] }),
  });
  expect(entries(text, 'allowed_v4')).toEqual([
    'tcp . 5432 . 198.51.100.0/23 comment "db"',
    'udp . 6000-6100 . 198.51.100.0/24 comment "cam"',
  ]);
  expect(entries(text, 'allowed_v6')).toEqual(['tcp . 5432 . 2001:db8::/32 comment "db"']);
  for (const family of ['v4', 'v6'])
    expect(entries(text, `restricted_${family}`)).toEqual(['tcp . 5432 comment "db"', 'udp . 6000-6100 comment "cam"']);
  expect(entries(text, 'denied_v4')).toBeUndefined();
});

test('does not restrict an IP version that is allowed completely, and closes one without networks', () => {
  const text = render({ web: Forward.tcp({ listen: 80, to: 8080, allowFrom: ['0.0.0.0/0'] }) });
  expect(entries(text, 'restricted_v4')).toBeUndefined();
  expect(rules(text, 'sources').at(-1)).toBe('meta nfproto ipv6 meta l4proto . th dport @restricted_v6 counter drop');
});

test('checks denied sources first', () => {
  const text = render({
    web: Forward.tcp({
      listen: 80,
      to: 8080,
      family: 'ipv4',
      allowFrom: ['198.51.100.0/24'],
      denyFrom: ['198.51.100.66/32'],
    }),
  });
  expect(rules(text, 'sources').slice(-2)).toEqual([
    'meta l4proto . th dport . ip saddr @denied_v4 counter drop',
    'meta l4proto . th dport . ip saddr != @allowed_v4 meta l4proto . th dport @restricted_v4 counter drop',
  ]);
  expect(text).not.toContain('v6');
});

test('checks only first packets to the gateway from others', () => {
  const text = render({ web: Forward.tcp({ listen: 80, to: 8080, denyFrom: ['198.51.100.66/32'] }) });
  expect(rules(text, 'sources').slice(0, 4)).toEqual([
    'type filter hook prerouting priority mangle;',
    'ct state != new accept',
    'iif lo accept',
    'fib daddr type != local accept',
  ]);
});

test('has separate sets for a forward with an interface, and for a protocol', () => {
  const denyFrom = ['198.51.100.66/32'];
  const text = render({
    web: Forward.tcp({ listen: 80, to: 8080, denyFrom }),
    inside: Forward.tcp({ listen: 81, to: 8080, interface: 'wg+', denyFrom }),
    vpn: Forward.protocol({ protocol: 47, to: '10.0.1.10', denyFrom }),
  });
  expect(rules(text, 'sources').slice(4)).toEqual([
    'meta l4proto . th dport . ip saddr @denied_v4 counter drop',
    'meta l4proto . ip saddr @denied_protocols_v4 counter drop',
    'iifname "wg*" meta l4proto . th dport . ip saddr @denied_v4_1 counter drop',
  ]);
});

test('passes tokens unchanged', () => {
  const token = ['$', '{Token[TOKEN.7]}'].join('');
  const text = render(
    { web: Forward.tcp({ listen: 80, to: 8080, allowFrom: [token] }) },
    { blocked: [{ text: token, family: 4 }] },
  );
  expect(entries(text, 'allowed_v4')).toEqual([`tcp . 80 . ${token} comment "web"`]);
  expect(entries(text, 'blocked_v4')).toEqual([token]);
});

test('renders ten thousand forwards quickly, with one entry each', () => {
  const forwards = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, i) => [
      `f${i}`,
      Forward.tcp({ listen: 20_000 + i, to: 8080, denyFrom: ['192.0.2.0/24'] }),
    ]),
  );
  expect(entries(render(forwards), 'denied_v4')).toHaveLength(10_000);
});
