import { buckets, MAX_BUCKETS } from '../forward/balance';
import type { Family } from '../forward/cidr';
import type { KernelPortForward, ResolvedForward } from '../forward/resolved';
import type { Target } from '../forward/target';
import { chainOf } from '../iptables/chains';
import { hex, type Mark, PLACED } from '../iptables/marks';
import { jumpTo } from '../iptables/rule';
import type { Table } from '../iptables/table';
import { isPortWay, markOf, type PortWay, waysOf } from './ways';

/** A chain (nat) that shares the new connections of one forward among its targets of one IP version. */
export interface SharedChain {
  readonly family: Family;
  readonly chain: string;
  readonly forward: KernelPortForward;
  /** At least two, in the order of their rules. */
  readonly targets: readonly SharedTarget[];
  /** The mark of its connections' first packets. */
  readonly mark: Mark;
}

export interface SharedTarget {
  readonly target: Target;
  /** What its rules end with, such as `-j DNAT --to-destination 10.0.1.10:5432`. */
  readonly jump: string;
  /** Its weight or, with balance `source`, how many adjacent places it has. */
  readonly share: number;
}

/** How a forward with balance `source` finds a client's target: each address has a place, and each place a rule. */
export interface Places {
  /** The jump of the rule that draws a client's place. It comes first. */
  readonly draw: string;
  /** The match of each place's rule. The last rule takes the rest. */
  readonly matches: readonly string[];
}

/** The chains of all forwards that share connections, those of both IP versions. */
export function sharedChains(forwards: readonly ResolvedForward[]): readonly SharedChain[] {
  return ([4, 6] as const).flatMap((family) =>
    waysOf(forwards, family)
      .filter(isPortWay)
      .flatMap((way) => sharedChain(way) ?? []),
  );
}

/** The chain that a forward needs in one IP version; undefined if it has only one target. */
export function sharedChain(way: PortWay): SharedChain | undefined {
  const { forward, family, targets } = way;
  if (targets.length < 2) return undefined;
  const weights = targets.map((t) => t.weight);
  const shares = forward.balance === 'source' ? places(weights, forward.healthCheck !== undefined) : weights;
  return {
    family,
    chain: chainOf(forward.name),
    forward,
    targets: targets.map((target, i) => ({ target, jump: jumpTo(target, forward.listen), share: shares[i] ?? 1 })),
    mark: markOf(way),
  };
}

/**
 * How many places each target has. If targets can be taken out, each has more places than its weight needs, so that all
 * others share them. With one place for each of three equal targets, a single survivor would get the whole share of a
 * dead target.
 */
function places(weights: readonly number[], mayBeOut: boolean): readonly number[] {
  const least = buckets(weights);
  const times = mayBeOut ? Math.max(1, Math.min(weights.length - 1, Math.floor(MAX_BUCKETS / sum(least)))) : 1;
  return least.map((n) => n * times);
}

/**
 * The same for every forward and gateway, so forwards with the same targets send a client to the same one: on 80 and on
 * 443, after a reboot, and on another host.
 */
const HASH_SEED = '0x706f7274';

/** The places of a chain whose forward has balance `source`. */
export function placesOf({ family, targets, mark }: SharedChain): Places {
  const count = sum(targets.map((t) => t.share));
  const first = mark + PLACED;
  // Clients can change the lower half of an IPv6 address at will.
  const client = family === 4 ? '--hmark-tuple src' : '--hmark-src-prefix 64 --hmark-proto-mask 0';
  return {
    draw: `-j HMARK ${client} --hmark-rnd ${HASH_SEED} --hmark-mod ${count} --hmark-offset ${hex(first)}`,
    matches: Array.from({ length: count }, (_, i) => (i < count - 1 ? `-m mark --mark ${hex(first + i)}` : '')),
  };
}

/** Writes the rules of a shared chain with all targets alive. */
export function writeSharedChain(nat: Table, shared: SharedChain): void {
  const { chain, forward, targets } = shared;
  const { name, transport } = forward;
  if (forward.healthCheck !== undefined) nat.leaveToHealth(chain);
  if (forward.balance === 'source') {
    const { draw, matches } = placesOf(shared);
    const jumps = targets.flatMap(({ jump, share }) => Array.from({ length: share }, () => jump));
    nat.add(chain, [], name, draw);
    for (const [i, jump] of jumps.entries()) nat.add(chain, [`-p ${transport}`, matches[i] ?? ''], name, jump);
    return;
  }
  // Each rule sees only what earlier rules let pass: weights 1, 1 and 2 take 1/4, 1/3 and the rest.
  let left = sum(targets.map((t) => t.share));
  for (const { jump, share } of targets) {
    const lot = share < left ? `-m statistic --mode random --probability ${(share / left).toFixed(8)}` : '';
    nat.add(chain, [`-p ${transport}`, lot], name, jump);
    left -= share;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
