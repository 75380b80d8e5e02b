/** Where a Network Load Balancer stands in the lab, and what it does with new connections. */
export interface BalancerPlacement {
  /** One a zone. */
  readonly nodes: readonly BalancerNode[];
}

/** A balancer's part in one zone. */
export interface BalancerNode {
  /** Its address in its subnet, from which it asks hosts for their health. */
  readonly privateIp: string;
  /** The Elastic IP that it holds. */
  readonly publicIp: string;
  readonly ports: readonly BalancedPort[];
}

/** A port that it listens on, for one transport. Hosts have the same one. */
export interface BalancedPort {
  readonly transport: 'tcp' | 'udp';
  readonly port: number;
  /** Private addresses of the hosts that get new connections. None: nobody answers. */
  readonly hosts: readonly string[];
}

/** The mark of connections by way of the balancer, by which a rule for its security group knows them. */
export const BALANCED = 1;

/** Marks what clients send to the balancer, and what it asks hosts by itself, before any address is translated. */
export function markingChain({ nodes }: BalancerPlacement): string {
  return `  chain balanced {
    type filter hook prerouting priority mangle;
    ct state new ip daddr { ${nodes.map(({ publicIp }) => publicIp).join(', ')} } ct mark set ${BALANCED}
    ct state new ip saddr { ${nodes.map(({ privateIp }) => privateIp).join(', ')} } ct mark set ${BALANCED}
  }`;
}

/**
 * Sends each new connection to a host by a hash of its addresses and ports, as the balancer does; the client's address stays.
 * Connections that are open keep their host, whatever the rules say meanwhile: that is what draining needs.
 */
export function balancingRules({ nodes }: BalancerPlacement): readonly string[] {
  return nodes.flatMap(({ publicIp, ports }) =>
    ports
      .filter(({ hosts }) => hosts.length > 0)
      .map(({ transport, port, hosts }) => {
        const map = hosts.map((host, i) => `${i} : ${host}`).join(', ');
        return `ip daddr ${publicIp} ${transport} dport ${port} dnat to jhash ip saddr . ${transport} sport mod ${hosts.length} map { ${map} }`;
      }),
  );
}
