import type { Cidr } from '../forward/cidr';
import { renderChain, renderSet } from './block';

/** Keeps the gateway's own port 22 the admin's, where the security group has to let networks in with everything. */
export function loginPart(networks: readonly Cidr[]): readonly string[] {
  const families = ([4, 6] as const).filter((family) => networks.some((c) => c.family === family));
  if (families.length === 0) return [];
  const sets = families.map((family) =>
    renderSet(`no_login_v${family}`, {
      type: `ipv${family}_addr`,
      lines: ['flags interval'],
      elements: networks.filter((c) => c.family === family).map((c) => ({ key: c.text })),
    }),
  );
  const drops = families.map(
    (family) =>
      `ct state new meta l4proto tcp ct original proto-dst 22 ${family === 4 ? 'ip' : 'ip6'} saddr @no_login_v${family} counter drop`,
  );
  const chain = renderChain(
    'login',
    ['type filter hook input priority filter; policy accept;', 'iif lo accept', ...drops],
    ['The security group lets private networks in with all that they send through; here only the admin logs in.'],
  );
  return [...sets, chain];
}
