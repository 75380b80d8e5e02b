import type { GatewaySettings } from '../forward/gateway-settings';
import { isKernelForward, type ResolvedForward } from '../forward/resolved';
import type { KernelFeature } from './feature';
import { KERNEL_FEATURES } from './features';

/**
 * The table `inet portway`, as text for `nft -f`. It holds what would take one iptables rule for each entry: looking up
 * a packet in a set takes the same time for one entry as for thousands.
 *
 * Undefined if no feature needs it: no forward on iptables, nothing blocked and no egress.
 */
export function renderNftables(forwards: readonly ResolvedForward[], settings: GatewaySettings): string | undefined {
  const input = { forwards: forwards.filter(isKernelForward), settings };
  const parts = Object.values<KernelFeature>(KERNEL_FEATURES).flatMap((feature) => feature.nftables?.(input) ?? []);
  if (parts.length === 0) return undefined;
  return `# Portway: what sets do better than rules, in the order of a packet's way.\ntable inet portway {\n${parts.join('\n')}}\n`;
}
