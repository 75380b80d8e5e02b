import { buckets, MAX_BUCKETS } from '../forward/balance';
import type { Family } from '../forward/cidr';
import type { KernelPortForward, ResolvedForward } from '../forward/resolved';
import type { Target } from '../forward/target';
import { chainOf } from '../iptables/chains';
import { hex, type Mark, PLACED } from '../iptables/marks';
import { jumpTo } from '../iptables/rule';
import type { Table } from '../iptables/table';
import { isPortWay, markOf, type PortWay, waysOf } from '../iptables/ways';

/** A chain (nat) that shares the new connections of one forward between its targets of one IP version. */
export interface SharedChain {
  readonly family: Family;
  readonly chain: string;
  readonly forward: KernelPortForward;
  /** Two at least, in the order of their rules. */
  readonly targets: readonly SharedTarget[];
  /** The mark of its connections' first packets. */
  readonly mark: Mark;
}

export interface SharedTarget {
  readonly target: Target;
  /** What its rules end with, such as `-j DNAT --to-destination 10.0.1.10:5432`. */
  readonly jump: string;
  /** Its share: its weight, or with balance `source` the number of its places, which are neighbours. */
  readonly share: number;
}

/** How clients find their target where a forward's balance is `source`: each address has a place, and each place a rule. */
export interface Places {
  /** What the rule ends with that draws a client's place; it comes first. */
  readonly draw: string;
  /** What the rule of each place matches; the last one takes the rest. */
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

/** The chain that a forward needs in one IP version; undefined where there is but one target. */
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
 * How many places each target has. One that may be taken out has more than its weight asks for, so that all others can share them:
 * of three equal targets with a place each, one of the living would get everything that the dead one had.
 */
function places(weights: readonly number[], mayBeOut: boolean): readonly number[] {
  const least = buckets(weights);
  const times = mayBeOut ? Math.max(1, Math.min(weights.length - 1, Math.floor(MAX_BUCKETS / sum(least)))) : 1;
  return least.map((n) => n * times);
}

/**
 * The same for every forward and gateway: forwards with the same targets lead a client to the same one, on 80 and on 443, and it
 * is still the same one after a reboot and on another host.
 */
const HASH_SEED = '0x706f7274';

/** The places of a chain whose forward has balance `source`. */
export function placesOf({ family, targets, mark }: SharedChain): Places {
  const count = sum(targets.map((t) => t.share));
  const first = mark + PLACED;
  // Clients change the lower half of an IPv6 address as they like.
  const client = family === 4 ? '--hmark-tuple src' : '--hmark-src-prefix 64 --hmark-proto-mask 0';
  return {
    draw: `-j HMARK ${client} --hmark-rnd ${HASH_SEED} --hmark-mod ${count} --hmark-offset ${hex(first)}`,
    matches: Array.from({ length: count }, (_, i) => (i < count - 1 ? `-m mark --mark ${hex(first + i)}` : '')),
  };
}

/** Writes the rules of a shared chain, all targets being alive. */
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
  // Each rule sees only what the ones before it let pass: of weights 1, 1 and 2 they take 1/4, 1/3 and the rest.
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
