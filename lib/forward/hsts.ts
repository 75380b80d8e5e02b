import { HSTS } from './known-props';
import type { Problems } from './problems';
import { readObject } from './read-object';
import { readWhole } from './whole';

/** How browsers are told to speak nothing but TLS with a host. @see https://www.rfc-editor.org/rfc/rfc6797 */
export interface HstsProps {
  /**
   * For how many days after their last visit browsers keep to it, 1-3650. They cannot be told earlier to forget it but over TLS, so a
   * first try is best made with 1.
   * @default 365
   */
  readonly maxAgeDays?: number;
  /**
   * Whether it holds for all names below the host's too, on whatever server they are.
   * @default false
   */
  readonly includeSubDomains?: boolean;
  /**
   * Whether browsers may be shipped with it. The domain is then sent in at the address below, and hardly ever gets off the list again.
   * @default false
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
