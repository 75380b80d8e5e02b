/**
 * Marks of a connection's first packet. The table nat sees no other packet; there the packet is marked when it is led to a target,
 * and loses the mark on its way out. Between the two the mark tells what becomes of it, so that ten thousand forwards to other
 * hosts need one rule for their return way and one for their passage.
 *
 * The upper half is "PW" in ASCII, which tells our marks from those of other software; the lowest byte is left to places (`balance`).
 */
export const MARKS = {
  /** To the gateway itself. */
  here: 0x5057_0000,
  /** To another host, which is to answer to the gateway. */
  answered: 0x5057_0100,
  /** To another host, which is to see the client. */
  kept: 0x5057_0200,
} as const;

export type Mark = (typeof MARKS)[keyof typeof MARKS];

/** Matches a mark with any place. */
export function matchMark(mark: Mark): string {
  return `-m mark --mark ${hex(mark)}/0xffffff00`;
}

/** Matches every mark of ours. */
export const MATCH_MARKED = '-m mark --mark 0x50570000/0xffff0000';

export const UNMARK = '-j MARK --set-mark 0';

export function hex(mark: number): string {
  return `0x${mark.toString(16)}`;
}
