import { isWebForward, type ResolvedForward } from '../forward/resolved';
import { block, type Line } from '../nginx/block';
import { variableName } from '../nginx/names';
import { balancesByCookie, COOKIE } from './balance';
import { CACHE_PARTS, type Cache, type CacheProps, readCache } from './cache-props';
import type { ForwardingScope, HttpFeature, HttpScope } from './feature';
import type { HttpRoute } from './route';
import { streamsAnswers } from './streams';

/** @category Targets of HTTP */
export interface CacheOptionProps {
  /**
   * Keeps answers on the gateway's disk and serves them again, as far as their own headers allow. All hosts and paths
   * below share the space. `false` on a host or path turns it off there.
   * @default nothing is kept
   * @refused caches that together exceed `diskGiB` less 4 GiB; together with `redirectTo`, `streaming` of answers or
   * gRPC
   * @see docs/delivery.md#the-cache
   */
  readonly cache?: CacheProps | false;
}

export interface CacheValues {
  readonly cache?: Cache | false;
}

declare module './values' {
  interface RouteValues extends CacheValues {}
}

export const cache: HttpFeature<CacheOptionProps, CacheValues> = {
  props: { cache: true },
  parts: { cache: CACHE_PARTS },
  read(at, props, problems, { id, isLeaf, props: { redirectTo, streaming, protocol } }) {
    const read = readCache(at, props.cache, id, problems);
    if (isLeaf && props.cache) {
      if (redirectTo !== undefined)
        problems.add(`${at}.cache`, 'must be left out beside redirectTo: the gateway answers these requests itself');
      if (streamsAnswers(streaming))
        problems.add(`${at}.cache`, 'must be left out beside streaming: streamed answers are not cached');
      if (protocol === 'grpc')
        problems.add(`${at}.cache`, 'must be left out for gRPC: its requests all change something');
    }
    return read === undefined ? {} : { cache: read };
  },
  nginx: {
    http: { order: 90, lines: cacheDefaults },
    // Not for requests that may change something. Before the lines that strip the prefix, since the key has the path
    // that the client asked for.
    forwarding: { order: 30, lines: (scope) => (scope.location === 'writes' ? [] : cacheLines(scope)) },
    // HIT, MISS, BYPASS, EXPIRED, STALE, UPDATING or REVALIDATED.
    commonHeaders: {
      order: 10,
      headers: (forwards) => (cachesOf(forwards).length === 0 ? [] : [['X-Cache', '$upstream_cache_status']]),
    },
  },
};

/** The caches of a set of forwards, each once. */
export function cachesOf(forwards: readonly ResolvedForward[]): readonly Cache[] {
  const all = forwards
    .filter(isWebForward)
    .flatMap((f) => f.sites.flatMap((s) => s.routes.flatMap((r) => r.cache ?? [])));
  return [...new Map(all.map((cache) => [cache.id, cache])).values()];
}

/** A client's cookies without the gateway's own. */
const COOKIES_OF_TARGETS = '$portway_cookies';

/** The folder of a cache. nginx creates only the last level of a path. */
function folder({ id }: Cache): string {
  return `/var/cache/portway-${id}`;
}

function zone({ id }: Cache): string {
  return `cache-${id}`;
}

/**
 * One MiB of memory holds the keys of 8,000 files. Most files are small; if they are not, the unused memory is never
 * allocated.
 */
function keysMiB({ sizeMb }: Cache): number {
  return Math.min(64, Math.max(1, Math.ceil(sizeMb / 100)));
}

/** An answer whose length has at least this many digits could take a quarter of the cache at once. */
function largeDigits({ sizeMb }: Cache): number {
  return String(Math.floor((sizeMb * 2 ** 20) / 4)).length;
}

/** Once for all HTTP forwards: the caches and how each of them works. */
function cacheDefaults({ forwards }: HttpScope): readonly Line[] {
  const caches = cachesOf(forwards);
  if (caches.length === 0) return [];
  return [
    '',
    '# The cache. A stale answer is served only within its own stale-while-revalidate or stale-if-error, which nginx follows as',
    '# long as proxy_cache_use_stale is off; that directive has no time limit and ignores must-revalidate.',
    'proxy_cache_background_update on;',
    'proxy_cache_revalidate on;',
    'if_modified_since before;  # RFC 9110, 13.1.3; by default nginx requires the exact time',
    'proxy_pass_header Date;  # when a stored answer was created: clients compute its age from it',
    ...NOT_KEPT,
    ...(balancesByCookie(forwards)
      ? [
          "# The gateway's own cookie does not make an answer personal.",
          block(`map $http_cookie ${COOKIES_OF_TARGETS}`, [`~^${COOKIE}=[0-9a-f]*$ '';`, 'default $http_cookie;']),
        ]
      : []),
    ...(caches.some((c) => c.ignoreCookies)
      ? [
          '# With ignoreCookies, targets get no cookies with cacheable requests.',
          "map '' $portway_anonymous { default ''; }",
          block('map "$portway_anonymous $request_method" $portway_cookie', [
            '"~^1 (GET|HEAD)$" \'\';',
            'default $http_cookie;',
          ]),
          'proxy_set_header Cookie $portway_cookie;',
        ]
      : []),
    ...caches.flatMap((cache) => cacheParts(cache)),
  ];
}

/** Evaluated when a target has answered, so never for an answer from the cache. */
const NOT_KEPT: readonly Line[] = [
  '# Answers that nginx would wrongly store, or store for too long. An answer with an Age is from another cache, and nginx would restart',
  '# its lifetime; the first of several Ages counts, and what is not a number is ignored (RFC 9111, 5.1).',
  "map $upstream_http_age $portway_aged { default ''; '~^0*[1-9][0-9]*([,;]|$)' 1; }",
  block(
    'map "$upstream_http_surrogate_control$upstream_http_cdn_cache_control|$upstream_http_vary|$upstream_http_cache_control|$upstream_http_date|$upstream_http_expires" $portway_unkept',
    [
      "default '';",
      '"~^[^|]" 1;  # directives for caches that nginx does not read (RFC 9213)',
      '"~^\\|[^|]*\\*" 1;  # Vary: * in a list',
      '~*must-understand 1;  # nginx stores any status with a lifetime',
      '"~*stale-.*(must|proxy)-revalidate|(must|proxy)-revalidate.*stale-" 1;  # contradictory, and nginx would follow only stale-',
      '"~\\|\\|(.+)\\|\\1$" 1;  # Expires: now; nginx would store it until the second ends',
    ],
  ),
];

function cacheParts(cache: Cache): readonly Line[] {
  const { sizeMb, keepFor } = cache;
  return [
    `proxy_cache_path ${folder(cache)} levels=1:2 keys_zone=${zone(cache)}:${keysMiB(cache)}m max_size=${sizeMb}m min_free=1g inactive=${keepFor}s use_temp_path=off;`,
    block(`map $upstream_http_content_length ${large(cache)}`, [
      `"~^\\d{${largeDigits(cache)}}" 1;  # would evict too much`,
      "default '';",
    ]),
    ...queryMaps(cache),
  ];
}

/** What remains of the query of a request that may be answered from the cache. */
function queryMaps(cache: Cache): readonly Line[] {
  const { query } = cache;
  if (query === undefined) return [];
  const whole = query.map((name) => parameter(cache, name)).join('');
  return [
    ...query.map((name) => `map $arg_${name} ${parameter(cache, name)} { '' ''; default "${name}=$arg_${name}&"; }`),
    // No regex here: it would replace the capture that $1 refers to.
    `map $request_method ${variableName('query', cache.id)} { GET "${whole}"; HEAD "${whole}"; default $args; }`,
  ];
}

function large(cache: Cache): string {
  return variableName('large', cache.id);
}

function parameter(cache: Cache, name: string): string {
  return variableName('arg', `${cache.id}-${name}`);
}

/**
 * A third more small answers a second, and half as many again of large ones. Deleted files are noticed a second later.
 */
const FROM_DISK = [
  'sendfile on;',
  'tcp_nopush on;',
  'open_file_cache max=2000 inactive=10s;',
  'open_file_cache_valid 1s;',
];

/** In the location of a route. */
function cacheLines({ route, facts }: ForwardingScope): readonly Line[] {
  const { cache } = route;
  if (cache === undefined) return [];
  const cookies = facts.headers.some(([name]) => name === 'Set-Cookie') ? COOKIES_OF_TARGETS : '$http_cookie';
  // A target may read the body of a GET, which is not part of the key. $content_length is also set for HTTP/2 bodies
  // without a stated length.
  const body = ['$content_length', '$http_transfer_encoding'];
  const personal = ['$http_authorization', ...(cache.ignoreCookies ? [] : [cookies]), '$portway_upgrade', ...body];
  // The query comes first: it has no blanks, and a decoded path may hold a `?` that looks like the start of a query.
  const asked = cache.query === undefined ? '$request_uri' : '$args $portway_asked';
  return [
    ...(cache.ignoreCookies ? ['set $portway_anonymous 1;'] : []),
    ...(cache.query === undefined ? [] : ['set $portway_asked $uri;']),
    `proxy_cache ${zone(cache)};`,
    // Everything that the target learns about the URL that the client asked for.
    `proxy_cache_key "${route.id} ${facts.scheme} ${facts.port} ${facts.host} ${asked}";`,
    ...(cache.validFor === undefined ? [] : [`proxy_cache_valid 200 301 308 ${cache.validFor}s;`]),
    ...(cache.waitForFill === 0
      ? []
      : [
          'proxy_cache_lock on;  # one request fills the cache, others wait for it',
          `proxy_cache_lock_timeout ${cache.waitForFill}s;`,
        ]),
    `proxy_cache_bypass ${personal.join(' ')};`,
    `proxy_no_cache ${personal.join(' ')} ${large(cache)} $portway_unkept $portway_aged;`,
    ...FROM_DISK,
  ];
}

/** The variable with the query that targets get; undefined if they get the client's. */
export function keptQuery({ cache }: HttpRoute): string | undefined {
  return cache?.query === undefined ? undefined : variableName('query', cache.id);
}
