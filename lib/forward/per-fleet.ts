import type { Known } from './known';
import type { Problems } from './problems';
import { readFlag, readWhole } from './read-value';

/** Whether limits are a whole fleet's. */
export interface PerFleetProps {
  /**
   * Whether the limits are what a client may do on all hosts of a fleet together. Each host gets a share of
   * `capacity.max`, rounded down, so that a client never gets more, however many hosts run and whichever addresses it uses.
   * It gets less while fewer run, and a single connection gets one host's share. A default `burst` follows from the share.
   * @default false: each host of a fleet lets a client do as much
   * @refused `true` outside of a fleet; limits that are less than `capacity.max`
   * @see docs/fleet.md#limits-for-all-hosts-together
   */
  readonly perFleet?: boolean;
}

export const PER_FLEET = { perFleet: true } satisfies Known<PerFleetProps>;

/** Reads a limit, within bounds: what it is on each host. */
export type ReadLimit = (name: string, to: number) => number | undefined;

/**
 * Reads limits at one place, and `perFleet`, which divides them.
 * @param hosts the most hosts that may run; undefined for a single gateway
 */
export function limitReader(
  at: string,
  props: Readonly<Record<string, unknown>>,
  hosts: number | undefined,
  problems: Problems,
): { readonly isShare: boolean; readonly read: ReadLimit } {
  const isShare = readFlag(`${at}.perFleet`, props.perFleet, problems) === true;
  if (isShare && hosts === undefined)
    problems.add(
      `${at}.perFleet`,
      'must be left out on one host, whose limits are what a client may do in all: only PortwayFleet has hosts to share them',
      true,
    );
  const divisor = isShare && hosts !== undefined ? hosts : 1;
  const read: ReadLimit = (name, to) => {
    const limit = readWhole(`${at}.${name}`, props[name], { from: 1, to }, problems);
    if (limit === undefined) return undefined;
    if (limit < divisor)
      problems.add(
        `${at}.${name}`,
        `must be at least ${divisor} with perFleet, which is capacity.max: each host lets a client do at least one. Use a larger limit, or fewer and larger hosts`,
        limit,
      );
    return Math.floor(limit / divisor);
  };
  return { isShare, read };
}
