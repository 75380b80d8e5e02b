import { Forward } from '../../lib/forward/forward';
import { NO_SETTINGS } from '../../lib/forward/gateway-settings';
import { Sources } from '../../lib/forward/known-sources';
import { type ForwardSet, resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { renderNftables } from '../../lib/kernel/render-nftables';

const OFFICE = ['198.51.100.0/24', '2001:db8:1::/48'];

function rendered(forwards: ForwardSet['forwards'], lists: NonNullable<ForwardSet['lists']>): string {
  return renderNftables(resolveForwardsOrThrow({ engine: 'iptables', forwards, lists }), NO_SETTINGS) ?? '';
}

const many = (lists: NonNullable<ForwardSet['lists']>) =>
  rendered(
    Object.fromEntries(
      [1, 2, 3].map((i) => [
        `f${i}`,
        Forward.tcp({ listen: 80 + i, to: 8080, allowFrom: ['office', '192.0.2.1/32'], denyFrom: ['bad'] }),
      ]),
    ),
    lists,
  );

test('a list is one set of each IP version, whatever the number of forwards', () => {
  const text = many({ office: OFFICE, bad: ['203.0.113.0/24'] });
  expect(text.match(/198\.51\.100\.0\/24|2001:db8:1::|203\.0\.113\.0/g)).toHaveLength(3);
  expect(text.match(/^ {2}set list_\S+/gm)).toEqual([
    '  set list_office_v4',
    '  set list_office_v6',
    '  set list_bad_v4',
  ]);
});

test('a change of a list changes the lines of its set alone', () => {
  const before = many({ office: OFFICE, bad: ['203.0.113.0/24'] }).split('\n');
  const after = many({ office: [...OFFICE, '192.0.2.128/25'], bad: ['203.0.113.0/24'] }).split('\n');
  expect(after.filter((line) => !before.includes(line))).toEqual(['      192.0.2.128/25,']);
  expect(after).toHaveLength(before.length + 1);
});

test('what is denied is dropped before a list lets anybody in', () => {
  const text = many({ office: OFFICE, bad: ['203.0.113.0/24'] });
  const rules = text.slice(text.indexOf('chain sources')).match(/^ {4}.*(drop|accept)$/gm) ?? [];
  expect(rules.map((rule) => rule.trim())).toEqual([
    'ct state != new accept',
    'iif lo accept',
    'fib daddr type != local accept',
    'ip saddr @list_bad_v4 meta l4proto . th dport @denied_list_bad_v4 counter drop',
    'ip saddr @list_office_v4 meta l4proto . th dport @allowed_list_office_v4 accept',
    'meta l4proto . th dport . ip saddr != @allowed_v4 meta l4proto . th dport @restricted_v4 counter drop',
    'ip6 saddr @list_office_v6 meta l4proto . th dport @allowed_list_office_v6 accept',
    'meta nfproto ipv6 meta l4proto . th dport @restricted_v6 counter drop',
  ]);
});

test('no list has the set of another, whatever its name', () => {
  const text = rendered(
    {
      port: Forward.tcp({ listen: 80, to: 8080, denyFrom: ['protocols'] }),
      tunnel: Forward.protocol({ protocol: 47, to: '192.0.2.3', denyFrom: ['203.0.113.0/24'] }),
    },
    { protocols: OFFICE },
  );
  const names = text.match(/^ {2}set \S+/gm) ?? [];
  expect(names).toContain('  set denied_protocols_v4');
  expect(new Set(names).size).toBe(names.length);
});

test('blocked names the same set as forwards', () => {
  const forwards = resolveForwardsOrThrow({
    engine: 'iptables',
    forwards: { web: Forward.tcp({ listen: 80, to: 8080, denyFrom: [Sources.cloudflare()] }) },
  });
  const text = renderNftables(forwards, { ...NO_SETTINGS, blocked: forwards[0]?.denyFrom ?? [] }) ?? '';
  expect(text.match(/set list_cloudflare_v4/g)).toHaveLength(1);
  expect(text).toContain(
    '    ip saddr @list_cloudflare_v4 counter drop\n    ip6 saddr @list_cloudflare_v6 counter drop',
  );
  expect(text).not.toContain('blocked_v4');
});
