import { overlapCidr } from 'cidr-tools';
import { type Cidr, isEverything, mergeCidrs } from '../forward/cidr';
import { readSources } from '../forward/sources';
import { isToken } from '../forward/token';
import { renderChain, renderSet } from '../nftables/block';
import type { GatewayOption } from './feature';

/** @category In the kernel */
export interface BlockedProps {
  /**
   * Source networks in CIDR notation whose packets are dropped before anything else, even on established connections.
   * Hundreds of networks cost no more than one.
   * @default none
   * @refused an empty list; everyone; a network that overlaps `adminCidr`
   */
  readonly blocked?: readonly string[];
}

export interface BlockedValues {
  readonly blocked: readonly Cidr[];
}

declare module './values' {
  interface GatewayValues extends BlockedValues {}
}

/** `blocked`: drops all packets from some networks, in the earliest hook that handles both IP versions. */
export const blocked: GatewayOption<BlockedProps, BlockedValues> = {
  on: 'gateway',
  props: { blocked: true },
  read(_, props, problems, { admin }) {
    const networks = readSources('blocked', props.blocked, problems);
    for (const cidr of networks) {
      if (isEverything(cidr)) problems.add('blocked', 'must not be everyone', cidr.text);
      else if (admin !== undefined && overlaps(cidr, admin))
        problems.add('blocked', `must leave adminCidr (${admin.text}) out, or nobody could log in`, cidr.text);
    }
    return { blocked: networks };
  },
  nftables: ({ settings }) => blockedPart(mergeCidrs(settings.blocked)),
};

function overlaps(a: Cidr, b: Cidr): boolean {
  return !isToken(a.text) && !isToken(b.text) && a.family === b.family && overlapCidr(a.text, b.text);
}

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
