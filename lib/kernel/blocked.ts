import { type Cidr, mergeCidrs } from '../forward/cidr';
import { renderChain, renderSet } from '../nftables/block';
import type { KernelFeature } from './feature';

/** `blocked`: drops all packets from some networks, in the earliest hook that handles both IP versions. */
export const blocked: KernelFeature = { nftables: ({ settings }) => blockedPart(mergeCidrs(settings.blocked)) };

function blockedPart(networks: readonly Cidr[]): readonly string[] {
  const families = ([4, 6] as const).filter((family) => networks.some((c) => c.family === family));
  if (families.length === 0) return [];
  const sets = families.map((family) =>
    renderSet(`blocked_v${family}`, {
      type: `ipv${family}_addr`,
      // A network known only at deploy time (a token) may lie within another one.
      lines: ['flags interval', 'auto-merge'],
      elements: networks.filter((c) => c.family === family).map((c) => ({ key: c.text })),
    }),
  );
  const drops = families.map((family) => `${family === 4 ? 'ip' : 'ip6'} saddr @blocked_v${family} counter drop`);
  const chain = renderChain(
    'blocked',
    ['type filter hook prerouting priority raw;', 'iif lo accept', ...drops],
    ['Nothing is taken from these networks. Before connection tracking, so that they cannot fill its table.'],
  );
  return [...sets, chain];
}
