import type { Family } from '../forward/cidr';
import {
  isKernelForward,
  type KernelPortForward,
  type ProtocolForward,
  type ResolvedForward,
} from '../forward/resolved';
import type { Host, Target } from '../forward/target';
import { MARKS, type Mark } from './marks';

/** A forward of ports as far as one IP version goes: with the targets that are there in it, one at least. */
export interface PortWay {
  readonly forward: KernelPortForward;
  readonly family: Family;
  readonly targets: readonly Target[];
}

/** The same for a forward of a protocol without ports; its only target is another host. */
export interface ProtocolWay {
  readonly forward: ProtocolForward;
  readonly family: Family;
  readonly targets: readonly [Host];
}

export type Way = PortWay | ProtocolWay;

/** The forwards that iptables carries in an IP version, in the order they were written. */
export function waysOf(forwards: readonly ResolvedForward[], family: Family): readonly Way[] {
  return forwards
    .filter(isKernelForward)
    .filter((f) => f.families.includes(family) && hasSources(f, family))
    .map((forward): Way => {
      if (forward.kind === 'protocol') return { forward, family, targets: [forward.target] };
      return { forward, family, targets: forward.targets.filter((t) => isThere(t, family)) };
    })
    .filter((way) => way.targets.length > 0 && way.targets.every((t) => isThere(t, family)));
}

/** Sources are judged elsewhere (lib/nftables); where this IP version has none, there is nobody to forward for. */
function hasSources({ allowFrom }: ResolvedForward, family: Family): boolean {
  return allowFrom.length === 0 || allowFrom.some((c) => c.family === family);
}

/** A port on the gateway is there in both IP versions. */
function isThere(host: Host, family: Family): boolean {
  return host.kind === 'local' || host.kind === `ipv${family}`;
}

export function isPortWay(way: Way): way is PortWay {
  return way.forward.kind !== 'protocol';
}

/** What a connection's first packet is marked with. */
export function markOf({ forward, targets }: Way): Mark {
  if (targets.every((t) => t.kind === 'local')) return MARKS.none;
  return forward.preserveClientAddress ? MARKS.kept : MARKS.answered;
}
