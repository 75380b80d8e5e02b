import type { PortRange } from '../../forward/ports';
import type { Problems } from '../../forward/problems';
import type { TrafficRule } from '../../forward/traffic';
import { HEALTH_PORT } from '../../host/fleet';
import type { Listener } from './listeners';

/** A rule between the balancer's security group and the hosts': one in each. */
export interface BalancerRule {
  readonly protocol: 'tcp' | 'udp';
  readonly ports: PortRange;
  /** The forwards that need it, or what else does. */
  readonly reasons: readonly string[];
}

/**
 * What the balancer may send to the hosts: each listener's port, and the health port, which nobody else may reach.
 *
 * A rule for each, so that a change of one forward touches no other's: AWS takes a changed rule away before it makes the new one. Where they
 * are more than a group may have, ports that follow on each other share a rule.
 *
 * @param toHosts what else the hosts' group admits
 * @param limit of a group's rules in one direction. AWS counts a rule that names a group in both IP versions
 */
export function balancerRules(
  listeners: readonly Listener[],
  toHosts: readonly TrafficRule[],
  limit: number,
  problems: Problems,
): readonly BalancerRule[] {
  const separate = [
    ...listeners.flatMap(({ port, protocol, forwards }) =>
      (protocol.split('_') as ('TCP' | 'UDP')[]).map((one) => rule(one, port, forwards)),
    ),
    rule('TCP', HEALTH_PORT, ['health of the hosts']),
  ];
  const others = Math.max(...([4, 6] as const).map((of) => toHosts.filter(({ peer }) => peer.family === of).length));
  if (separate.length + others <= limit) return separate;
  const joined = join(separate);
  if (joined.length + others > limit)
    problems.add(
      'forwards',
      `must need at most ${limit} rules in the hosts' security group on a fleet: one for each port and protocol, where ports that follow on each other share one${others === 0 ? '' : `, and ${others} for admins and Prometheus`}. Use ports that follow on each other, fewer forwards that take both TCP and UDP, or several fleets; or raise the quota at AWS and maxSecurityGroupRules`,
      joined.length + others,
    );
  return joined;
}

function rule(protocol: 'TCP' | 'UDP', port: number, reasons: readonly string[]): BalancerRule {
  return { protocol: protocol === 'TCP' ? 'tcp' : 'udp', ports: { from: port, to: port }, reasons };
}

function join(rules: readonly BalancerRule[]): readonly BalancerRule[] {
  const joined: BalancerRule[] = [];
  const sorted = rules.toSorted((a, b) => a.protocol.localeCompare(b.protocol) || a.ports.from - b.ports.from);
  for (const { protocol, ports, reasons } of sorted) {
    const last = joined.at(-1);
    if (last?.protocol === protocol && last.ports.to + 1 === ports.from)
      joined[joined.length - 1] = {
        protocol,
        ports: { from: last.ports.from, to: ports.to },
        reasons: [...new Set([...last.reasons, ...reasons])],
      };
    else joined.push({ protocol, ports, reasons });
  }
  return joined;
}
