import { type Cidr, everyoneIn } from './cidr';
import type { Known } from './known';
import { type Lists, readSources, type SourceSpec } from './lists';
import type { Problems } from './problems';

/**
 * Props of every forward.
 * @category Every forward
 */
export interface CommonForwardProps {
  /**
   * Source networks that may use this forward, in CIDR notation, IPv4 or IPv6, and names of `lists`. The security group and the host both
   * refuse everyone else. The gateway itself may always use it (on nginx, over loopback only).
   * @default everyone
   * @refused an empty list; host bits, as in `10.0.0.5/24` (the message offers both readings); no prefix length;
   * names that no list has
   */
  readonly allowFrom?: readonly SourceSpec[];
  /**
   * Source networks that may not use this forward, in CIDR notation, and names of `lists`, even if `allowFrom` includes them. Only the host
   * enforces this, since security groups cannot deny: iptables drops the packets; nginx answers HTTP with 403 and
   * closes TCP connections. Hundreds of networks cost no more than one.
   * @default none
   * @refused an empty list; everyone, also as two halves; anything but CIDR blocks and lists
   */
  readonly denyFrom?: readonly SourceSpec[];
}

export const COMMON = { allowFrom: true, denyFrom: true } satisfies Known<CommonForwardProps>;

/** Which clients may use a forward. */
export interface SourceLists {
  /** Empty: everyone. */
  readonly allowFrom: readonly Cidr[];
  /** Wins over `allowFrom`. */
  readonly denyFrom: readonly Cidr[];
  /**
   * Whom the security group admits, if `allowFrom` names a prefix list. The host's `allowFrom` is then empty: it cannot know
   * what the list holds.
   */
  readonly admitted?: readonly Cidr[];
}

export function readSourceLists(at: string, props: CommonForwardProps, problems: Problems, lists: Lists): SourceLists {
  const allowFrom = readSources(`${at}.allowFrom`, props.allowFrom, lists, problems, 'alone');
  const denyFrom = readSources(`${at}.denyFrom`, props.denyFrom, lists, problems);
  for (const cidr of everyoneIn(denyFrom))
    problems.add(`${at}.denyFrom`, 'must not be everyone: remove the forward instead', cidr.text);
  return allowFrom.some((c) => c.prefixList !== undefined)
    ? { allowFrom: [], denyFrom, admitted: allowFrom }
    : { allowFrom, denyFrom };
}
