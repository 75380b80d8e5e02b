/**
 * IP protocols without ports that people forward by name. TCP and UDP have forwards of their own; ICMP is the gateway's.
 * @see https://www.iana.org/assignments/protocol-numbers/protocol-numbers.xhtml
 */
export const PROTOCOLS = { ipip: 4, gre: 47, esp: 50, ah: 51, l2tp: 115 } as const;

export type ProtocolName = keyof typeof PROTOCOLS;
