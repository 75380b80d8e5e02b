import { createHash } from 'node:crypto';
import { types } from 'node:util';
import { Sources, URL_SOURCES } from './known-sources';
import type { Problems } from './problems';
import { readObject } from './read-object';
import { readWhole } from './read-value';

/** A list that the host fetches by itself. */
export interface FetchedList {
  /** The same for the same URL, and valid in names of sets and files. */
  readonly id: string;
  readonly url: string;
  readonly everyHours: number;
  readonly most: number;
}

/** The kernel asks each of them for each packet. */
const MOST = 10;

/** The lists to fetch among the sources of a prop. The others are readSources's. */
export function readFetchedLists(at: string, value: unknown, problems: Problems): readonly FetchedList[] {
  if (!Array.isArray(value)) return [];
  const lists = value.flatMap((source: unknown, i) =>
    !types.isProxy(source) && source instanceof Sources && source.kind === 'url'
      ? readFetchedList(`${at}[${i}]`, source.props, problems)
      : [],
  );
  if (lists.length > MOST) problems.add(at, `must hold at most ${MOST} lists to fetch`, lists.length);
  for (const [i, { id, url }] of lists.entries())
    if (lists.findIndex((one) => one.id === id) < i) problems.add(at, 'must not hold a URL twice', url);
  return lists;
}

function readFetchedList(at: string, props: unknown, problems: Problems): readonly FetchedList[] {
  const read = readObject(at, props, { parts: URL_SOURCES, example: '{ everyHours: 24 }' }, problems);
  const url = readUrl(at, read?.url, problems);
  const everyHours = readWhole(`${at}.everyHours`, read?.everyHours, { from: 1, to: 168 }, problems) ?? 24;
  const most = readWhole(`${at}.most`, read?.most, { from: 1, to: 20_000 }, problems) ?? 10_000;
  if (url === undefined) return [];
  return [{ id: `url_${createHash('sha256').update(url).digest('hex').slice(0, 8)}`, url, everyHours, most }];
}

/** Its text stands in a file with words, so nothing of it may be a space. */
function readUrl(at: string, value: unknown, problems: Problems): string | undefined {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  const isFit = url?.protocol === 'https:' && url.port === '' && url.username === '' && url.password === '';
  if (url !== undefined && isFit && url.href.length <= 300 && /^[!-~]+$/.test(url.href)) return url.href;
  problems.add(
    at,
    "must be an https URL without port and password, of at most 300 characters, such as 'https://www.spamhaus.org/drop/drop.txt'",
    value,
  );
  return undefined;
}
