import { acceptsBalancer } from '../../forward/fleet-reading';
import { isPortForward, type ResolvedForward, transportsOf } from '../../forward/resolved';

/** A listener of the balancer: it hands connections on to the same port of a host. */
export interface Listener {
  readonly port: number;
  /** TCP_UDP where both are on one port: the balancer takes one listener a port. */
  readonly protocol: 'TCP' | 'UDP' | 'TCP_UDP';
  /** Whether hosts learn the client by the PROXY protocol. Otherwise the client's address is kept. */
  readonly proxyProtocol?: true;
  /** The forwards that it serves. */
  readonly forwards: readonly string[];
}

/** How many a balancer may have. @see https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html */
export const MOST_LISTENERS = 50;

/** A listener for each port of the forwards, sorted by port. */
export function listenersOf(forwards: readonly ResolvedForward[]): readonly Listener[] {
  const ports = new Map<number, { readonly transports: Set<string>; readonly names: Set<string>; proxied: boolean }>();
  for (const forward of forwards.filter(isPortForward))
    for (let port = forward.listen.from; port <= forward.listen.to; port++) {
      const known = ports.get(port) ?? { transports: new Set(), names: new Set(), proxied: false };
      for (const transport of transportsOf(forward)) known.transports.add(transport);
      known.names.add(forward.name);
      known.proxied ||= acceptsBalancer(forward);
      ports.set(port, known);
    }
  return [...ports]
    .toSorted(([a], [b]) => a - b)
    .map(([port, { transports, names, proxied }]) => ({
      port,
      protocol: transports.size > 1 ? 'TCP_UDP' : transports.has('udp') ? 'UDP' : 'TCP',
      ...(proxied ? { proxyProtocol: true as const } : {}),
      forwards: [...names],
    }));
}
