import { countPorts, formatPorts, isRange, portsOverlap, samePorts } from './ports';
import type { Problems } from './problems';
import type { PortForward } from './resolved';

/** The rules that involve listener, targets and engine together. */
export function checkTargets(
  at: string,
  forward: Pick<PortForward, 'kind' | 'engine' | 'listen' | 'targets'>,
  problems: Problems,
): void {
  const { kind, engine, listen, targets } = forward;
  if (engine === 'nginx' && targets.length > 1) {
    if (targets.some((t) => t.kind === 'name'))
      problems.add(
        `${at}.to`,
        'must not mix a name with other targets: a name may already stand for several addresses',
      );
    if (targets.some((t) => isRange(t.ports)))
      problems.add(`${at}.to`, 'must be one target when it is a range of ports on nginx (iptables takes several)');
  }
  for (const [i, target] of targets.entries()) {
    const where = targets.length > 1 ? `${at}.to[${i}]` : `${at}.to`;
    const got = formatPorts(target.ports);
    if (kind === 'http' || kind === 'https' || kind === 'tls') {
      if (isRange(target.ports)) problems.add(where, `must have one port for ${kind.toUpperCase()}`, got);
    } else if (engine === 'nginx') {
      // nginx can pass on the port that the client used, but cannot shift it.
      if (isRange(target.ports) && !samePorts(target.ports, listen)) {
        problems.add(
          where,
          `must have one port, or the listener's own range ${formatPorts(listen)} (only iptables shifts a range)`,
          got,
        );
      }
    } else if (countPorts(target.ports) !== countPorts(listen) && isRange(target.ports)) {
      problems.add(
        where,
        `must have one port or as many ports as the listener (${countPorts(listen)})`,
        `${got} (${countPorts(target.ports)})`,
      );
    }
    if (engine === 'iptables' && target.kind === 'name') {
      problems.add(
        where,
        "must have an address, since iptables does not resolve names: write the address, or engine: 'nginx'",
        target.host,
      );
    }
    // On the gateway itself, iptables from 80 to 80 would do nothing, and nginx would connect to itself endlessly.
    if (target.kind === 'local' && portsOverlap(target.ports, listen)) {
      problems.add(where, `must not lead back to the forward's own listener (${formatPorts(listen)})`, got);
    }
  }
}
