import { STACK } from '../../../lib/check-stack';
import { PortwayError } from '../../../lib/forward/problems';
import type { StackProps } from './arbitrary';

export interface Refused<T> {
  readonly set: T;
  readonly error: unknown;
}

/** Drawn props as those of a whole stack, with enough disk for them. */
export function wholeStack<T extends StackProps>(set: T) {
  return { adminCidr: '203.0.113.7/32', maxSecurityGroupRules: 1000, diskGiB: 16_384, ...set };
}

/** The results of `read` for a stack. A refused stack is also tried without the props at fault. */
export function acceptedOf<T extends StackProps, R>(
  drawn: T,
  read: (set: T) => R,
  refused: Refused<T>[],
): R | undefined {
  let set: T | undefined = drawn;
  while (set !== undefined) {
    try {
      return read(set);
    } catch (error) {
      refused.push({ set, error });
      set = without(set, error);
    }
  }
  return undefined;
}

/** The top-level prop that a problem names, and for `forwards` the forward. */
export function atFault(problem: string): { readonly prop?: string; readonly forward?: string } {
  const [, bare, quoted] = /^forwards(?:\.([\w$-]+)|\[("(?:[^"\\]|\\.)*")\])/.exec(problem) ?? [];
  if (quoted !== undefined) return { prop: 'forwards', forward: JSON.parse(quoted) as string };
  const prop = /^\w+/.exec(problem)?.[0] ?? '';
  return { ...(Object.hasOwn(STACK, prop) ? { prop } : {}), ...(bare === undefined ? {} : { forward: bare }) };
}

/** Undefined if that leaves nothing, or changes nothing. */
function without<T extends StackProps>(set: T, error: unknown): T | undefined {
  const faults = error instanceof PortwayError ? error.problems.map(atFault) : [];
  const forwards = Object.entries(set.forwards).filter(([name]) => !faults.some(({ forward }) => forward === name));
  const rest = Object.entries(set).filter(([name]) => name === 'forwards' || !faults.some(({ prop }) => prop === name));
  const same = rest.length === Object.keys(set).length && forwards.length === Object.keys(set.forwards).length;
  if (same || forwards.length === 0) return undefined;
  return { ...Object.fromEntries(rest), forwards: Object.fromEntries(forwards) } as T;
}
