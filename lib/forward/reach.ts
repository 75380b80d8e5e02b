import { forwardPath, type Problems } from './problems';
import { hostsOf, type ResolvedForward } from './resolved';

/**
 * Whether the gateway's listeners can reach their targets. The kernel does not translate between IP versions. On a
 * gateway with IPv6, a forward whose targets are all of one version would accept connections of the other version and
 * send them nowhere.
 */
export function checkReach(
  forwards: readonly ResolvedForward[],
  network: { readonly ipv6: boolean; readonly isFleet?: boolean },
  problems: Problems,
): void {
  const without = network.isFleet
    ? 'on a fleet, whose hosts have no IPv6 of their own'
    : 'while the gateway has no IPv6: add ipv6: true to the stack';
  for (const forward of forwards) {
    const hosts = hostsOf(forward);
    const at = forwardPath(forward.name);
    const v6 = hosts.find((h) => h.kind === 'ipv6');
    if (v6 !== undefined && !network.ipv6) problems.add(`${at}.to`, `must be IPv4 ${without}`, v6.host);
    if (forward.families.includes(6) && forward.families.length === 1 && !network.ipv6)
      problems.add(`${at}.family`, `must not be ipv6 ${without}`, 'ipv6');
    if (!network.ipv6 || forward.engine !== 'iptables' || hosts.some((h) => h.kind === 'local')) continue;
    for (const family of forward.families) {
      if (hosts.some((h) => h.kind === `ipv${family}`)) continue;
      const other = family === 4 ? 6 : 4;
      problems.add(
        `${at}.to`,
        `must hold an IPv${family} target too, since it listens on IPv${family} and iptables cannot translate between the versions: add one, or family: 'ipv${other}', or engine: 'nginx'`,
        hosts.map((h) => h.host).join(', '),
      );
    }
  }
}
