import type { Cache } from './cache';
import { CACHE } from './known-props';
import type { Problems } from './problems';
import { readObject } from './read-object';
import { isWebForward, type ResolvedForward } from './resolved';
import { readWhole } from './whole';

const YEAR = 31_536_000;
const DAY = 86_400;

/** What of the disk is the system's, the packages', the logs' and the application's own, in GiB. */
export const RESERVED_GIB = 4;

/** The cache that a forward, host or path asks for; `false` where it wants none, undefined where it says nothing. */
export function readCache(at: string, value: unknown, id: string, problems: Problems): Cache | false | undefined {
  if (value === undefined || value === false) return value;
  const where = `${at}.cache`;
  const props = readObject(where, value, { parts: CACHE, example: '{ sizeMb: 500 }' }, problems);
  if (props === undefined) return undefined;
  const seconds = (name: 'validFor' | 'keepFor' | 'waitForFill', from: number, to = YEAR) =>
    props[name] === undefined ? undefined : readWhole(`${where}.${name}`, props[name], { from, to }, problems);
  const validFor = seconds('validFor', 1);
  const query = readQuery(`${where}.query`, props.query, problems);
  const { ignoreCookies = false } = props;
  if (typeof ignoreCookies !== 'boolean')
    problems.add(`${where}.ignoreCookies`, 'must be true or false', ignoreCookies);
  return {
    id,
    sizeMb: readWhole(`${where}.sizeMb`, props.sizeMb, { from: 10, to: 1_000_000 }, problems) ?? 10,
    ...(validFor === undefined ? {} : { validFor }),
    keepFor: seconds('keepFor', 60) ?? DAY,
    ...(query === undefined ? {} : { query }),
    ignoreCookies: ignoreCookies === true,
    waitForFill: seconds('waitForFill', 0, 60) ?? 1,
  };
}

/** What nginx has a variable for; their names know no upper and lower case. */
function readQuery(at: string, value: unknown, problems: Problems): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const names: readonly unknown[] = Array.isArray(value) ? value : [value];
  const seen = new Set(names.map((name) => (typeof name === 'string' ? name.toLowerCase() : name)));
  const good = Array.isArray(value) && value.length <= 20 && seen.size === value.length;
  if (good && names.every((name) => typeof name === 'string' && /^\w{1,50}$/.test(name))) return value;
  problems.add(
    at,
    "must be a list of at most 20 names of letters, digits and underscores such as ['page', 'sort'], which differ in more than upper and lower case",
    value,
  );
  return undefined;
}

/** The caches of a set of forwards, each once. */
export function cachesOf(forwards: readonly ResolvedForward[]): readonly Cache[] {
  const all = forwards
    .filter(isWebForward)
    .flatMap((f) => f.sites.flatMap((s) => s.routes.flatMap((r) => r.cache ?? [])));
  return [...new Map(all.map((cache) => [cache.id, cache])).values()];
}

/** A disk that is full would stop more than the caches. */
export function checkCaches(forwards: readonly ResolvedForward[], diskGiB: number, problems: Problems): void {
  const sum = cachesOf(forwards).reduce((mb, cache) => mb + cache.sizeMb, 0);
  const room = (diskGiB - RESERVED_GIB) * 1024;
  if (sum > 0 && sum > room)
    problems.add(
      'diskGiB',
      `must leave ${RESERVED_GIB} GiB beside the caches, which take ${sum} MB of its ${diskGiB * 1024} MB: make it ${Math.ceil(sum / 1024) + RESERVED_GIB}, or a cache's sizeMb smaller`,
      diskGiB,
    );
}
