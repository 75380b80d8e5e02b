import type { Cidr } from '../forward/cidr';
import { renderChain, renderSet } from '../nftables/block';
import type { KernelFeature } from './feature';

/**
 * Keeps port 22 of the gateway for the admin, even where the security group must admit all traffic of private networks.
 */
export const login: KernelFeature = { nftables: ({ settings }) => loginPart(settings.loginClosedTo) };

function loginPart(networks: readonly Cidr[]): readonly string[] {
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
