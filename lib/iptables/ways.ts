import type { Family } from '../forward/cidr';
import { isPortForward, type ResolvedForward } from '../forward/resolved';
import type { Host } from '../forward/target';
import type { ProtocolWay, Way } from './rule';

/** The forwards of ports that iptables carries in an IP version, in the order they were written. */
export function waysOf(forwards: readonly ResolvedForward[], family: Family): readonly Way[] {
  return carried(forwards, family)
    .filter(isPortForward)
    .map((forward) => ({ forward, family, targets: forward.targets.filter((t) => isThere(t, family)) }))
    .filter((way) => way.targets.length > 0);
}

/** The forwards of protocols without ports in an IP version. */
export function protocolWaysOf(forwards: readonly ResolvedForward[], family: Family): readonly ProtocolWay[] {
  return carried(forwards, family)
    .flatMap((forward) => (isPortForward(forward) ? [] : [{ forward, target: forward.target }]))
    .filter((way) => isThere(way.target, family));
}

function carried(forwards: readonly ResolvedForward[], family: Family): readonly ResolvedForward[] {
  return forwards.filter((f) => f.engine === 'iptables' && f.families.includes(family) && hasSources(f, family));
}

/** Sources are judged elsewhere (lib/nftables); where this IP version has none, there is nobody to forward for. */
function hasSources({ allowFrom }: ResolvedForward, family: Family): boolean {
  return allowFrom.length === 0 || allowFrom.some((c) => c.family === family);
}

/** A port on the gateway is there in both IP versions. */
function isThere(host: Host, family: Family): boolean {
  return host.kind === 'local' || host.kind === `ipv${family}`;
}
