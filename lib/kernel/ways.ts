import type { Family } from '../forward/cidr';
import {
  isKernelForward,
  type KernelPortForward,
  type ProtocolForward,
  type ResolvedForward,
} from '../forward/resolved';
import type { Host, Target } from '../forward/target';
import { MARKS, type Mark } from '../iptables/marks';

/** The part of a forward of ports in one IP version, with at least one target of that version. */
export interface PortWay {
  readonly forward: KernelPortForward;
  readonly family: Family;
  readonly targets: readonly Target[];
}

/** The same for a protocol without ports. Its only target is another host. */
export interface ProtocolWay {
  readonly forward: ProtocolForward;
  readonly family: Family;
  readonly targets: readonly [Host];
}

export type Way = PortWay | ProtocolWay;

/** The forwards that iptables carries in one IP version, in the user's order. */
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

/**
 * Sources are checked elsewhere (lib/nftables). Without any source of this IP version, no client can use the forward.
 */
function hasSources({ allowFrom }: ResolvedForward, family: Family): boolean {
  return allowFrom.length === 0 || allowFrom.some((c) => c.family === family);
}

/** A port on the gateway exists in both IP versions. */
function isThere(host: Host, family: Family): boolean {
  return host.kind === 'local' || host.kind === `ipv${family}`;
}

export function isPortWay(way: Way): way is PortWay {
  return way.forward.kind !== 'protocol';
}

/** The mark of a connection's first packet. */
export function markOf({ forward, targets }: Way): Mark {
  if (targets.every((t) => t.kind === 'local')) return MARKS.none;
  return forward.preserveClientAddress ? MARKS.kept : MARKS.answered;
}
