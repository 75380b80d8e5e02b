import { formatPorts, isRange, type PortRange, samePorts } from '../forward/ports';
import type { PortForward } from '../forward/resolved';
import { formatHost, type Target } from '../forward/target';

export type RuleFamily = 4 | 6;

/**
 * The jump that leads to a target.
 * REDIRECT with a range sends everything to the first port of the range, so a shifted range is a DNAT with a base port
 * (`:7000-7100/6000` maps 6042 to 7042), which without an address stays on the gateway.
 * @see iptables-extensions(8), REDIRECT and DNAT
 */
export function jumpTo(target: Target, listen: PortRange): string {
  if (isRange(target.ports) && !samePorts(target.ports, listen)) {
    return `-j DNAT --to-destination ${formatHost(target)}:${formatPorts(target.ports)}/${listen.from}`;
  }
  if (target.kind === 'local') return `-j REDIRECT --to-ports ${formatPorts(target.ports)}`;
  if (samePorts(target.ports, listen)) return `-j DNAT --to-destination ${formatHost(target)}`;
  return `-j DNAT --to-destination ${formatHost(target)}:${formatPorts(target.ports)}`;
}

/** Matches packets of this forward on their way to the target: after the destination was changed, and only then. */
export function matchTranslated(forward: PortForward, target: Target): string {
  return [
    `-d ${target.host}`,
    `-p ${forward.transport} --dport ${formatPorts(target.ports, ':')}`,
    `-m conntrack --ctstate DNAT --ctorigdstport ${formatPorts(forward.listen, ':')}`,
  ].join(' ');
}
