import { mergeCidrs } from '../forward/cidr';
import type { GatewaySettings } from '../forward/gateway-settings';
import { isKernelForward, type ResolvedForward } from '../forward/resolved';
import { blockedPart } from './blocked';
import { countingPart } from './counting';
import { loginPart } from './login';
import { sourcesPart } from './sources';

/**
 * What the table `inet portway` holds, as text for `nft -f`: the networks that nothing is taken from, who may use which
 * forward, how much each forward carries, and who may not log in. All of it is sets, which cost a packet the same whether they hold one entry or thousands;
 * iptables can do none of it without a rule for each entry.
 *
 * Undefined when there is nothing to hold: no forward of the engine iptables, nothing blocked, and nobody's way out.
 */
export function renderNftables(
  forwards: readonly ResolvedForward[],
  settings: Pick<GatewaySettings, 'blocked' | 'loginClosedTo'>,
): string | undefined {
  const own = forwards.filter(isKernelForward);
  const parts = [
    ...blockedPart(mergeCidrs(settings.blocked)),
    ...sourcesPart(own),
    ...countingPart(own),
    ...loginPart(settings.loginClosedTo),
  ];
  if (parts.length === 0) return undefined;
  return `# Portway: what sets do better than rules, in the order of a packet's way.\ntable inet portway {\n${parts.join('\n')}}\n`;
}
