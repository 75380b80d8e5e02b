/**
 * Marks on a connection's first packet, the only packet that the nat table sees. The packet is marked when it is sent
 * to a target, and the mark is cleared on its way out. In between, the mark says how the connection is handled, so ten
 * thousand forwards to other hosts need only one masquerading rule and one accepting rule.
 *
 * The marks use three bits that other software rarely uses. All other bits are left alone, except where a client's
 * place is drawn.
 */
export const MARKS = {
  /** To another host, which replies to the gateway. */
  answered: 0x4000_0000,
  /** To another host, which sees the client's address. */
  kept: 0x2000_0000,
  /** To the gateway itself: no mark. */
  none: 0,
} as const;

export type Mark = (typeof MARKS)[keyof typeof MARKS];

const GROUPS = '0x60000000';
/** Other software may use the same bits, so only translated connections count. */
export const TRANSLATED = '-m conntrack --ctstate DNAT';

/** The third bit says that the rest of the mark is a client's place (`balance`), beside the mark of its forward. */
export const PLACED = 0x1000_0000;

/** Matches the packets of forwards with a mark. */
export function matchMark(mark: Mark): string {
  return `-m mark --mark ${hex(mark)}/${GROUPS} ${TRANSLATED}`;
}

/** Matches packets without the mark of a forward to another host. */
export const MATCH_NOT_REMOTE = `-m mark --mark 0x0/${GROUPS}`;

/** Matches every mark of ours. */
export const MATCH_MARKED = `-m mark ! --mark 0x0/0x70000000 ${TRANSLATED}`;

/** Marks a packet whose forward is not known yet. Only Portway's own bits change. */
export function setMark(mark: Mark): string {
  return `-j MARK --set-mark ${hex(mark)}/${GROUPS}`;
}

/** Clears the mark of a forward's packet, including the bits that drawing a place has set. */
export const UNMARK = '-j MARK --set-mark 0';

export function hex(mark: number): string {
  return `0x${mark.toString(16)}`;
}
