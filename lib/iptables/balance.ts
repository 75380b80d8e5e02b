import { buckets } from '../forward/balance';
import type { Family } from '../forward/cidr';
import type { PortForward, ResolvedForward } from '../forward/resolved';
import type { Target } from '../forward/target';
import { CHAINS, chainOf } from './chains';
import { jumpTo, type Way } from './rule';
import type { Table } from './table';
import { waysOf } from './ways';

/** How many clients' places of one forward lead to a target; see `sharedChains`. */
export interface SharedTarget {
  readonly target: Target;
  /** What its rules end with, such as `-j DNAT --to-destination 10.0.1.10:5432`. */
  readonly jump: string;
  /** Its share: its weight, or with balance `source` the number of rules, each for one place. */
  readonly share: number;
}

/** A chain (nat) that shares the new connections of one forward between its targets of one IP version. */
export interface SharedChain {
  readonly family: Family;
  readonly chain: string;
  readonly forward: PortForward;
  /** Two at least, in the order of their rules. */
  readonly targets: readonly SharedTarget[];
}

/**
 * Marks by which a client's first packet finds its place: this number and those after it, at most 64. Their upper half ("PW" in
 * ASCII) tells them from the marks of other software.
 */
export const FIRST_MARK = 0x5057_0000;
const MARKS = `-m mark --mark ${hex(FIRST_MARK)}/0xffff0000`;

/**
 * The same for every forward and gateway: forwards with the same targets lead a client to the same one, on 80 and on 443, and it
 * is still the same one after a reboot and on another host.
 */
const HASH_SEED = '0x706f7274';

/** The chains of all forwards that share connections, those of both IP versions. */
export function sharedChains(forwards: readonly ResolvedForward[]): readonly SharedChain[] {
  return ([4, 6] as const).flatMap((family) => waysOf(forwards, family).flatMap((way) => sharedChain(way) ?? []));
}

/** The chain that a forward needs in one IP version; undefined where there is but one target. */
export function sharedChain({ forward, family, targets }: Way): SharedChain | undefined {
  if (targets.length < 2) return undefined;
  const weights = targets.map((t) => t.weight);
  const shares = forward.balance === 'source' ? buckets(weights) : weights;
  return {
    family,
    chain: chainOf(forward.name),
    forward,
    targets: targets.map((target, i) => ({ target, jump: jumpTo(target, forward.listen), share: shares[i] ?? 1 })),
  };
}

/** Writes the rules of a shared chain, all targets being alive. */
export function writeSharedChain(nat: Table, shared: SharedChain): void {
  const { chain, forward } = shared;
  if (forward.healthCheck !== undefined) nat.leaveToHealth(chain);
  if (forward.balance === 'source') writePlaces(nat, shared);
  else writeLots(nat, shared);
}

/** Each rule sees only what the ones before it let pass: of weights 1, 1 and 2 they take 1/4, 1/3 and the rest. */
function writeLots(nat: Table, { chain, forward, targets }: SharedChain): void {
  let left = targets.reduce((sum, t) => sum + t.share, 0);
  for (const [i, { jump, share }] of targets.entries()) {
    const isLast = i === targets.length - 1;
    const lot = isLast ? '' : `-m statistic --mode random --probability ${(share / left).toFixed(8)}`;
    nat.add(chain, [`-p ${forward.transport}`, lot], forward.name, jump);
    left -= share;
  }
}

/**
 * A client's address gives it a place, and each place is a rule. The nat table sees a connection's first packet only, so only that
 * packet bears the mark, and after its way was chosen it is taken away again: nothing else should find it.
 */
function writePlaces(nat: Table, { family, chain, forward, targets }: SharedChain): void {
  const places = targets.flatMap(({ jump, share }) => Array.from({ length: share }, () => jump));
  // Clients change the lower half of an IPv6 address as they like.
  const client = family === 4 ? '--hmark-tuple src' : '--hmark-src-prefix 64 --hmark-proto-mask 0';
  const hash = `${client} --hmark-rnd ${HASH_SEED} --hmark-mod ${places.length} --hmark-offset ${hex(FIRST_MARK)}`;
  nat.add(chain, [], forward.name, `-j HMARK ${hash}`);
  for (const [i, jump] of places.entries()) {
    const place = i === places.length - 1 ? '' : `-m mark --mark ${hex(FIRST_MARK + i)}`;
    nat.add(chain, [`-p ${forward.transport}`, place], forward.name, jump);
  }
}

/** Takes marks away, before other rules of nat end a packet's way there. */
export function writeUnmarking(nat: Table): void {
  for (const builtIn of ['INPUT', 'POSTROUTING']) nat.hook(builtIn, MARKS, CHAINS.mark);
  nat.remark(CHAINS.mark, "a client's place was found by its mark, which nothing else should find");
  nat.add(CHAINS.mark, [], '*', '-j MARK --set-mark 0');
}

function hex(mark: number): string {
  return `0x${mark.toString(16)}`;
}
