import { HSTS } from './known-props';
import type { Problems } from './problems';
import { readObject } from './read-object';
import { readWhole } from './whole';

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

/** What the list of browsers asks for. @see https://hstspreload.org/#submission-requirements */
const PRELOAD_DAYS = 365;

/** The header's value; undefined where there is none. */
export function readHsts(at: string, value: unknown, problems: Problems): string | undefined {
  if (value === undefined || value === false) return undefined;
  const props = value === true ? {} : readObject(at, value, { parts: HSTS, example: '{ maxAgeDays: 1 }' }, problems);
  if (props === undefined) return undefined;
  const { maxAgeDays = 365, includeSubDomains = false, preload = false } = props;
  const days = readWhole(`${at}.maxAgeDays`, maxAgeDays, { from: 1, to: 3650 }, problems) ?? 1;
  for (const [name, flag] of Object.entries({ includeSubDomains, preload })) {
    if (typeof flag !== 'boolean') problems.add(`${at}.${name}`, 'must be true or false', flag);
  }
  if (preload === true && (includeSubDomains !== true || days < PRELOAD_DAYS))
    problems.add(
      `${at}.preload`,
      `must go with includeSubDomains and at least ${PRELOAD_DAYS} days, as the list asks for`,
    );
  return [
    `max-age=${days * 86_400}`,
    ...(includeSubDomains === true ? ['includeSubDomains'] : []),
    ...(preload === true ? ['preload'] : []),
  ].join('; ');
}
