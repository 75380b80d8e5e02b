import { isKernelForward, type ResolvedForward } from '../forward/resolved';
import type { KernelFeature, NftablesSettings } from './feature';
import { KERNEL_FEATURES } from './features';

/**
 * The table `inet portway`, as text for `nft -f`. It holds what iptables could do only with a rule for each entry: a look-up in a set
 * costs a packet the same whether the set holds one entry or thousands.
 *
 * Undefined if no feature needs it: no forward on iptables, nothing blocked and no egress.
 */
export function renderNftables(forwards: readonly ResolvedForward[], settings: NftablesSettings): string | undefined {
  const input = { forwards: forwards.filter(isKernelForward), settings };
  const parts = Object.values<KernelFeature>(KERNEL_FEATURES).flatMap((feature) => feature.nftables?.(input) ?? []);
  if (parts.length === 0) return undefined;
  return `# Portway: what sets do better than rules, in the order of a packet's way.\ntable inet portway {\n${parts.join('\n')}}\n`;
}
