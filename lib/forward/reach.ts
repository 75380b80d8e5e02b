import type { Problems } from './problems';
import type { ResolvedForward } from './resolve';

/**
 * Whether the gateway can get to the targets. Rules for IPv6 targets are rendered, but the host does not route IPv6: with
 * forwarding on, Linux stops taking its default route from router advertisements, which is where EC2 hosts have it from.
 */
export function checkReach(
  forwards: readonly ResolvedForward[],
  network: { readonly ipv6: boolean },
  problems: Problems,
): void {
  for (const { name, engine, targets } of forwards) {
    const target = targets.find((t) => t.kind === 'ipv6');
    if (target === undefined) continue;
    if (engine === 'iptables') {
      problems.add(
        `forwards.${name}.to`,
        "must be IPv4 on iptables, since the host routes no IPv6: use the IPv4 address, or engine: 'nginx'",
        target.host,
      );
    } else if (!network.ipv6) {
      problems.add(
        `forwards.${name}.to`,
        "must be IPv4, since the stack's own VPC has no IPv6: use the IPv4 address, or give a vpc that has it",
        target.host,
      );
    }
  }
}
