import { ANY_FAMILY, type Family } from '../forward/cidr';
import type { Problems } from '../forward/problems';
import { readOneOf } from '../forward/read-value';
import type { ForwardContext, ForwardOption } from './feature';

/** @category With engine iptables */
export interface FamilyProps {
  /**
   * The IP version that this forward listens on, `'ipv4'` or `'ipv6'`.
   * @default both, if there are targets of both
   * @refused targets or sources of the other version; `'ipv6'` on a gateway without `ipv6`; engine nginx
   */
  readonly family?: 'ipv4' | 'ipv6';
}

export interface FamilyValues {
  readonly families: readonly Family[];
}

declare module './values' {
  interface KernelForwardValues extends FamilyValues {}
}

/** `family`: leaves the forward out of the other IP version's rules. */
export const family: ForwardOption<FamilyProps, FamilyValues> = {
  on: 'forward',
  props: { family: true },
  read(at, props, problems, context) {
    const version = readOneOf(`${at}.family`, props.family, ['ipv4', 'ipv6'], problems);
    if (version === undefined) return { families: ANY_FAMILY };
    const only: Family = version === 'ipv6' ? 6 : 4;
    checkAddresses(at, only, context, problems);
    return { families: [only] };
  },
};

/** Addresses of the other IP version would never match a packet. */
function checkAddresses(
  at: string,
  only: Family,
  { allowFrom, denyFrom, hosts }: ForwardContext,
  problems: Problems,
): void {
  for (const [prop, cidrs] of Object.entries({ allowFrom, denyFrom })) {
    // A list may hold both versions, for others; it must hold one that this forward can meet.
    const wrong = cidrs.find(
      (c) => c.family !== only && (c.list === undefined || !cidrs.some((o) => o.list === c.list && o.family === only)),
    );
    if (wrong !== undefined)
      problems.add(`${at}.${prop}`, `must be of IPv${only}, as the forward's family says`, wrong.text);
  }
  const wrong = hosts.find((h) => h.kind === (only === 4 ? 'ipv6' : 'ipv4'));
  if (wrong !== undefined) problems.add(`${at}.to`, `must be of IPv${only}, as the forward's family says`, wrong.host);
}
