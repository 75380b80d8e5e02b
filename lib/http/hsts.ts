import type { Known } from '../forward/known';
import type { Problems } from '../forward/problems';
import { readObject } from '../forward/read-object';
import { readFlag, readWhole } from '../forward/read-value';
import type { WebForward } from '../forward/resolved';
import { block } from '../nginx/block';
import { variableName } from '../nginx/names';
import type { ForwardFeature } from './feature';
import { set } from './set';
import { setsHeader } from './sites';

/** @category Forward.https */
export interface HstsOptionProps {
  /**
   * Tells browsers to use only TLS for this forward's hosts (`Strict-Transport-Security`): `true` for a year, or an
   * object.
   * @default false
   * @refused a header `Strict-Transport-Security` in `headers`; `Forward.http`
   * @see docs/tls.md#hsts
   */
  readonly hsts?: boolean | HstsProps;
}

/**
 * How browsers are told to use only TLS for a host.
 * @see https://www.rfc-editor.org/rfc/rfc6797
 */
export interface HstsProps {
  /**
   * How many days after the last visit browsers remember it (1-3650). Only a response over TLS can shorten it, so
   * start with 1.
   * @default 365
   */
  readonly maxAgeDays?: number;
  /**
   * Whether it covers all names below the host's too, whichever server they are on.
   * @default false
   */
  readonly includeSubDomains?: boolean;
  /**
   * Whether browsers may ship with the domain built in, once it is submitted at the address below. Removal from that
   * list takes months.
   * @default false
   * @refused without `includeSubDomains`; with `maxAgeDays` below 365
   * @see https://hstspreload.org/
   */
  readonly preload?: boolean;
}

const PARTS: Known<HstsProps> = { maxAgeDays: true, includeSubDomains: true, preload: true };

/** The value of `Strict-Transport-Security`. */
export interface Hsts {
  readonly hsts?: string;
}

declare module './values' {
  interface HttpsValues extends Hsts {}
}

export const hsts: ForwardFeature<HstsOptionProps, Hsts> = {
  props: { hsts: true },
  parts: { hsts: PARTS },
  read: (at, props, problems) => set({ hsts: readHsts(`${at}.hsts`, props.hsts, problems) }),
  check(at, { values, sites }, problems) {
    if (values.hsts !== undefined && setsHeader(sites, 'strict-transport-security'))
      problems.add(`${at}.hsts`, 'must not stand beside a header Strict-Transport-Security of your own');
  },
  nginx: {
    // nginx's error for plain HTTP on a TLS port carries these headers, but HSTS must not be sent without TLS.
    forward: {
      order: 10,
      lines({ forward }) {
        const value = hstsOf(forward);
        return value === undefined
          ? []
          : [block(`map $https ${variableName('hsts', forward.name)}`, [`on "${value}";`, "default '';"])];
      },
    },
    headers: (forward) =>
      hstsOf(forward) === undefined ? [] : [['Strict-Transport-Security', variableName('hsts', forward.name)]],
  },
};

function hstsOf(forward: WebForward): string | undefined {
  return forward.kind === 'https' ? forward.hsts : undefined;
}

/** What the browsers' preload list requires. @see https://hstspreload.org/#submission-requirements */
const PRELOAD_DAYS = 365;

/** The header's value; undefined if there is none. */
function readHsts(at: string, value: unknown, problems: Problems): string | undefined {
  if (value === undefined || value === false) return undefined;
  const props = value === true ? {} : readObject(at, value, { parts: PARTS, example: '{ maxAgeDays: 1 }' }, problems);
  if (props === undefined) return undefined;
  const days = readWhole(`${at}.maxAgeDays`, props.maxAgeDays, { from: 1, to: 3650 }, problems) ?? 365;
  const includeSubDomains = readFlag(`${at}.includeSubDomains`, props.includeSubDomains, problems);
  const preload = readFlag(`${at}.preload`, props.preload, problems);
  if (preload === true && (includeSubDomains !== true || days < PRELOAD_DAYS))
    problems.add(
      `${at}.preload`,
      `must go with includeSubDomains and at least ${PRELOAD_DAYS} days, as the preload list requires`,
    );
  return [
    `max-age=${days * 86_400}`,
    ...(includeSubDomains === true ? ['includeSubDomains'] : []),
    ...(preload === true ? ['preload'] : []),
  ].join('; ');
}
