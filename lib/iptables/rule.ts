import type { Family } from '../forward/cidr';
import { formatPorts, isRange, type PortRange, samePorts } from '../forward/ports';
import type { PortForward, ProtocolForward } from '../forward/resolved';
import { formatHost, type Host, type Target } from '../forward/target';

export type RuleFamily = Family;

/** A forward as far as one IP version goes: with the targets that are there in it, one at least. */
export interface Way {
  readonly forward: PortForward;
  readonly family: Family;
  readonly targets: readonly Target[];
}

/** The same for a forward of a protocol without ports. */
export interface ProtocolWay {
  readonly forward: ProtocolForward;
  readonly target: Host;
}

/** A target on another host. */
export type RemoteTarget = Target & { readonly host: string };

export function remoteTargets(way: Way): readonly RemoteTarget[] {
  return way.targets.filter((target): target is RemoteTarget => target.host !== undefined);
}

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

/** Matches the port that a connection was made to, whatever has become of it since. */
export function matchOriginalPorts(transport: 'tcp' | 'udp', ports: PortRange): string {
  return `-p ${transport} -m conntrack --ctorigdstport ${formatPorts(ports, ':')}`;
}

/** Matches packets of this forward on their way to a target; their destination was translated, which the chain's hook asks. */
export function matchTranslated(forward: PortForward, target: RemoteTarget): string {
  const { transport, listen } = forward;
  return `-d ${target.host} ${matchPorts(transport, target.ports)} -m conntrack --ctorigdstport ${formatPorts(listen, ':')}`;
}
