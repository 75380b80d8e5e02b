/**
 * Marks of a connection's first packet. The table nat sees no other packet; there the packet is marked when it is led to a target,
 * and loses the mark on its way out. Between the two the mark tells what becomes of it, so that ten thousand forwards to other
 * hosts need one rule for their return way and one for their passage.
 *
 * Three bits that other software hardly uses; what it marks with the others is left alone, but where a client's place is drawn.
 */
export const MARKS = {
  /** To another host, which is to answer to the gateway. */
  answered: 0x4000_0000,
  /** To another host, which is to see the client. */
  kept: 0x2000_0000,
  /** To the gateway itself: no mark. */
  none: 0,
} as const;

export type Mark = (typeof MARKS)[keyof typeof MARKS];

const GROUPS = '0x60000000';
/** Should other software use the same bits, then not on what we translated. */
const TRANSLATED = '-m conntrack --ctstate DNAT';

/** The third bit: the rest of the mark is a client's place (`balance`), beside the mark of its forward. */
export const PLACED = 0x1000_0000;

/** Matches the packets of forwards with a mark. */
export function matchMark(mark: Mark): string {
  return `-m mark --mark ${hex(mark)}/${GROUPS} ${TRANSLATED}`;
}

/** Matches packets on their way to another host. */
export const MATCH_REMOTE = `-m mark ! --mark 0x0/${GROUPS} ${TRANSLATED}`;

/** Matches every mark of ours. */
export const MATCH_MARKED = `-m mark ! --mark 0x0/0x70000000 ${TRANSLATED}`;

/** Marks a packet whose forward is not known yet, and takes no mark but ours from it. */
export function setMark(mark: Mark): string {
  return `-j MARK --set-mark ${hex(mark)}/${GROUPS}`;
}

/** Takes the mark, and all that drawing a place made of it, from a packet of a forward. */
export const UNMARK = '-j MARK --set-mark 0';

export function hex(mark: number): string {
  return `0x${mark.toString(16)}`;
}
