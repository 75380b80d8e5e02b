import { type Cidr, isCidr, isEverything, readCidr } from './cidr';
import type { Known } from './known';
import type { Problems } from './problems';

/**
 * Props of every forward.
 * @category Every forward
 */
export interface CommonForwardProps {
  /**
   * Source networks that may use this forward, in CIDR notation, IPv4 or IPv6. The security group and the host both
   * refuse everyone else. The gateway itself may always use it (on nginx, over loopback only).
   * @default everyone
   * @refused an empty list; host bits, as in `10.0.0.5/24` (the message offers both readings); no prefix length
   */
  readonly allowFrom?: readonly string[];
  /**
   * Source networks that may not use this forward, in CIDR notation, even if `allowFrom` includes them. Only the host
   * enforces this, since security groups cannot deny: iptables drops the packets; nginx answers HTTP with 403 and
   * closes TCP connections. Hundreds of networks cost no more than one.
   * @default none
   * @refused an empty list; everyone; anything but CIDR blocks
   */
  readonly denyFrom?: readonly string[];
}

export const COMMON = { allowFrom: true, denyFrom: true } satisfies Known<CommonForwardProps>;

/** Which clients may use a forward. */
export interface Sources {
  /** Empty: everyone. */
  readonly allowFrom: readonly Cidr[];
  /** Wins over `allowFrom`. */
  readonly denyFrom: readonly Cidr[];
}

export function readSourceLists(at: string, props: CommonForwardProps, problems: Problems): Sources {
  const allowFrom = readSources(`${at}.allowFrom`, props.allowFrom, problems);
  const denyFrom = readSources(`${at}.denyFrom`, props.denyFrom, problems);
  for (const cidr of denyFrom.filter(isEverything))
    problems.add(`${at}.denyFrom`, 'must not be everyone: remove the forward instead', cidr.text);
  return { allowFrom, denyFrom };
}

/** The source networks of a prop (`at`); empty if it is unset. */
export function readSources(at: string, value: unknown, problems: Problems): readonly Cidr[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length === 0) {
    problems.add(at, 'must hold at least one CIDR block, or be left out', value);
    return [];
  }
  return value.flatMap((source, i) => {
    const cidr = readCidr(source);
    if (isCidr(cidr)) return [cidr];
    problems.add(`${at}[${i}]`, cidr.rule, source);
    return [];
  });
}
