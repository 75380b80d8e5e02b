/**
 * IP protocols without ports that can be forwarded by name. TCP and UDP have their own forwards; the gateway handles
 * ICMP itself.
 * @see https://www.iana.org/assignments/protocol-numbers/protocol-numbers.xhtml
 */
export const PROTOCOLS = { ipip: 4, gre: 47, esp: 50, ah: 51, l2tp: 115 } as const;

export type ProtocolName = keyof typeof PROTOCOLS;
