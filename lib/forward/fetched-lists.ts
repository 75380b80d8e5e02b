import { createHash } from 'node:crypto';
import { types } from 'node:util';
import { COUNTRY_SOURCES, Sources, URL_SOURCES } from './known-sources';
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
  /** Undefined: the list holds networks. Else the file is a database, of which these countries count. */
  readonly countries?: { readonly codes: readonly string[]; readonly areKeptOut: boolean };
}

/** The kernel asks each of them for each packet. */
const MOST = 10;

/** The lists to fetch among the sources of a prop. The others are readSources's. */
export function readFetchedLists(at: string, value: unknown, problems: Problems): readonly FetchedList[] {
  if (!Array.isArray(value)) return [];
  const lists = value.flatMap((source: unknown, i): readonly FetchedList[] => {
    if (types.isProxy(source) || !(source instanceof Sources)) return [];
    if (source.kind === 'url') return readFetchedList(`${at}[${i}]`, source.props, problems);
    return source.kind === 'countries' ? readCountries(`${at}[${i}]`, source.props, problems) : [];
  });
  if (lists.length > MOST) problems.add(at, `must hold at most ${MOST} lists to fetch`, lists.length);
  for (const [i, { id, url }] of lists.entries())
    if (lists.findIndex((one) => one.id === id) < i) problems.add(at, 'must not hold a URL twice', url);
  const alone = lists.filter(({ countries }) => countries?.areKeptOut === false);
  if (alone.length > 1)
    problems.add(
      at,
      'must hold allBut once: who may come would have to be in all of them',
      alone.map(({ url }) => url),
    );
  return lists;
}

function readFetchedList(at: string, props: unknown, problems: Problems): readonly FetchedList[] {
  const read = readObject(at, props, { parts: URL_SOURCES, example: '{ everyHours: 24 }' }, problems);
  const url = readUrl(at, read?.url, problems);
  const everyHours = readWhole(`${at}.everyHours`, read?.everyHours, { from: 1, to: 168 }, problems) ?? 24;
  const most = readWhole(`${at}.most`, read?.most, { from: 1, to: 20_000 }, problems) ?? 10_000;
  if (url === undefined) return [];
  return [{ id: `url_${hash(url)}`, url, everyHours, most }];
}

/** Countries, by a database. */
function readCountries(at: string, props: unknown, problems: Problems): readonly FetchedList[] {
  const example = "{ url: 'https://files.example/ip-to-country.csv.gz', allBut: ['KR'] }";
  const read = readObject(at, props ?? '', { parts: COUNTRY_SOURCES, example }, problems);
  if (read === undefined) return [];
  const url = readUrl(`${at}.url`, read.url, problems);
  const everyHours = readWhole(`${at}.everyHours`, read.everyHours, { from: 1, to: 168 }, problems) ?? 168;
  const most = readWhole(`${at}.most`, read.most, { from: 1, to: 50_000 }, problems) ?? 20_000;
  if ((read.countries === undefined) === (read.allBut === undefined)) {
    problems.add(at, 'must hold either countries, which are kept out, or allBut, which alone may come');
    return [];
  }
  const areKeptOut = read.allBut === undefined;
  const codes = areKeptOut
    ? readCodes(`${at}.countries`, read.countries, problems)
    : readCodes(`${at}.allBut`, read.allBut, problems);
  if (url === undefined || codes.length === 0) return [];
  return [
    { id: `in_${hash(`${url} ${areKeptOut} ${codes}`)}`, url, everyHours, most, countries: { codes, areKeptOut } },
  ];
}

function readCodes(at: string, value: unknown, problems: Problems): readonly string[] {
  const rule = "must list countries as two capital letters of ISO 3166-1, such as ['KR']";
  if (!Array.isArray(value) || value.length === 0 || value.length > 250) {
    problems.add(at, rule, value);
    return [];
  }
  const codes = value.filter((code: unknown, i): code is string => {
    const isCode = typeof code === 'string' && /^[A-Z]{2}$/.test(code);
    if (!isCode) problems.add(`${at}[${i}]`, rule, code);
    return isCode;
  });
  return [...new Set(codes)].sort();
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
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
