import { formatPorts, isRange, type PortRange, samePorts } from '../forward/ports';
import { formatHost, type Target } from '../forward/target';

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

/** Matches a port that packets are still addressed to. */
export function matchPorts(transport: 'tcp' | 'udp', ports: PortRange): string {
  return `-p ${transport} --dport ${formatPorts(ports, ':')}`;
}

/** Matches the port that the client connected to, even after translation. */
export function matchOriginalPorts(transport: 'tcp' | 'udp', ports: PortRange): string {
  return `-p ${transport} -m conntrack --ctorigdstport ${formatPorts(ports, ':')}`;
}
