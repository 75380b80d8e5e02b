import { isIP } from 'node:net';
import { normalizeCidr, overlapCidr } from 'cidr-tools';
import type { Directive } from './directives';

export interface SourceLists {
  readonly allowFrom?: readonly string[];
  readonly denyFrom?: readonly string[];
}

/**
 * The lists that say the same as `allow` and `deny` in this order, where the first match decides. Undefined if none do:
 * a forward's denied networks always win.
 */
export function readAccess(rules: readonly Directive[]): SourceLists | undefined {
  const allowed: string[] = [];
  const denied: string[] = [];
  let rest = 'allow';
  for (const {
    name,
    args: [source = ''],
  } of rules) {
    if (source === 'all') {
      rest = name;
      break;
    }
    if (source === 'unix:') continue;
    const cidr = readNetwork(source);
    if (cidr === undefined) return undefined;
    if (name === 'allow') allowed.push(cidr);
    else if (overlaps(cidr, allowed)) return undefined;
    else denied.push(cidr);
  }
  if (rest === 'allow') return denied.length === 0 ? {} : { denyFrom: denied };
  // Nobody but the gateway itself may come: that is no forward.
  const others = allowed.filter((cidr) => !/^(127\.|::1\/)/.test(cidr));
  if (others.length === 0) return undefined;
  return { allowFrom: [...new Set(others)], ...(denied.length === 0 ? {} : { denyFrom: denied }) };
}

/** A network in CIDR notation; undefined if the text is none. */
export function readNetwork(text: string): string | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0 || address.includes('%')) return undefined;
  const most = family === 4 ? 32 : 128;
  if (prefix === undefined) return `${address}/${most}`;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= most ? normalizeCidr(text) : undefined;
}

export function overlaps(cidr: string, others: readonly string[]): boolean {
  return others.some((other) => cidr.includes(':') === other.includes(':') && overlapCidr(cidr, other));
}
