import { isIP } from 'node:net';
import { mergeCidr, normalizeCidr, parseCidr } from 'cidr-tools';
import { isToken } from './token';

/** The IP versions. */
export type Family = 4 | 6;

/** Both. */
export const ANY_FAMILY: readonly Family[] = [4, 6];

/** A source network: an IPv4 or IPv6 block in CIDR notation, or a token that becomes one (treated as IPv4). */
export interface Cidr {
  readonly text: string;
  readonly family: Family;
  /** The list that it came from, so that the host looks it up there. */
  readonly list?: string;
  /** The prefix list that stands for it in the security group. */
  readonly prefixList?: PrefixList;
  /** Whether it stands for the security group of the endpoint that people log in through. */
  readonly endpoint?: true;
}

/** Whoever comes through the endpoint: a security group, whose id only the stack knows, in the place of a network. */
export const LOGIN_ENDPOINT: Cidr = { text: 'the login endpoint', family: 4, endpoint: true };

/** A list of networks that AWS keeps, the account's own or one of AWS's services. */
export interface PrefixList {
  /** `pl-0123456789abcdef0`, or a token. */
  readonly id: string;
  /** As how many rules of a security group each rule with it counts. */
  readonly weight: number;
}

/**
 * A CIDR block from user input, or the rule that it breaks. Host bits must be zero: `10.0.0.5/24` is usually a mistake,
 * and AWS rejects it at deploy time.
 */
export function readCidr(value: unknown): Cidr | { readonly rule: string } {
  if (typeof value !== 'string') return { rule: 'must be a CIDR block such as 203.0.113.0/24' };
  if (isToken(value)) return { text: value, family: 4 };
  const [address = '', prefix, ...rest] = value.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0 || address.includes('%')) {
    return { rule: 'must be a CIDR block such as 203.0.113.0/24 or 2001:db8::/32' };
  }
  if (prefix === undefined)
    return { rule: `must have a prefix length (one address alone: ${address}/${family === 4 ? 32 : 128})` };
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > (family === 4 ? 32 : 128)) {
    return { rule: `must have a prefix length of 0 to ${family === 4 ? 32 : 128}` };
  }
  const network = normalizeCidr(value);
  const alone = `${address}/${family === 4 ? 32 : 128}`;
  if (parseCidr(value).start !== parseCidr(alone).start) {
    return { rule: `must be a network address (did you mean ${network} or ${alone}?)` };
  }
  return { text: network, family: family === 4 ? 4 : 6 };
}

export function isCidr(value: Cidr | { readonly rule: string }): value is Cidr {
  return 'family' in value;
}

/** Whether a block holds every address of its family. */
export function isEverything(cidr: Cidr): boolean {
  return !isToken(cidr.text) && Number(parseCidr(cidr.text).prefix) === 0;
}

/** Every address of an IP version, if some blocks hold them together: two halves are everyone too. */
export function everyoneIn(cidrs: readonly Cidr[]): readonly Cidr[] {
  return mergeCidrs(cidrs).filter(isEverything);
}

/** The smallest set of blocks with the same addresses, IPv4 first. Tokens stay unchanged. */
export function mergeCidrs(cidrs: readonly Cidr[]): readonly Cidr[] {
  const tokens = [...new Set(cidrs.filter((c) => isToken(c.text)).map((c) => c.text))];
  const known = cidrs.filter((c) => !isToken(c.text)).map((c) => c.text);
  const merged = known.length > 0 ? mergeCidr(known) : [];
  return [
    ...tokens.map((text): Cidr => ({ text, family: 4 })),
    ...merged.map((text): Cidr => ({ text, family: text.includes(':') ? 6 : 4 })).sort((a, b) => a.family - b.family),
  ];
}
