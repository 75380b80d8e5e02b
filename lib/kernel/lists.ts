import type { Cidr, Family } from '../forward/cidr';
import { splitSources } from '../forward/lists';
import { renderSet } from '../nftables/block';
import type { KernelFeature, NftablesInput } from './feature';

/** The stack's lists: a set of each that the kernel looks up, whatever the number of forwards that name it. */
export const lists: KernelFeature = { nftables: (input) => listSets(input) };

/** The name of a list's set. */
export function listSet(name: string, family: Family): string {
  return `list_${name}_v${family}`;
}

function listSets({ forwards, settings }: NftablesInput): readonly string[] {
  const used = [...forwards.flatMap((f) => [...f.allowFrom, ...f.denyFrom]), ...settings.blocked];
  return [...splitSources(used).lists].flatMap(([name, networks]) =>
    ([4, 6] as const).flatMap((family) => {
      const own = networks.filter((c) => c.family === family);
      return own.length === 0 ? [] : [renderNetworks(listSet(name, family), family, own)];
    }),
  );
}

/** A set of networks alone. */
export function renderNetworks(name: string, family: Family, networks: readonly Cidr[]): string {
  return renderSet(name, {
    type: `ipv${family}_addr`,
    // A network known only at deploy time (a token) may lie within another one.
    lines: ['flags interval', 'auto-merge'],
    elements: networks.map((c) => ({ key: c.text })),
  });
}
