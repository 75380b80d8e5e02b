import type { Cache } from '../forward/cache';
import type { Header } from '../forward/http-headers';
import type { HttpRoute } from '../forward/http-route';
import { cachesOf } from '../forward/read-cache';
import type { WebForward } from '../forward/resolved';
import { balancesByCookie, COOKIE } from './balance';
import { block, type Line } from './block';
import { variableName } from './names';
import type { RequestFacts } from './request-facts';

/** A client's cookies without the one that the gateway gave it. */
const COOKIES_OF_TARGETS = '$portway_cookies';

/** Where a cache keeps its files. nginx makes the folder itself, but only one level of it. */
function folder({ id }: Cache): string {
  return `/var/cache/portway-${id}`;
}

function zone({ id }: Cache): string {
  return `cache-${id}`;
}

/** A MiB of memory knows 8,000 files. Most are small, and where they are not, memory that is never used is never taken. */
function keysMiB({ sizeMb }: Cache): number {
  return Math.min(64, Math.max(1, Math.ceil(sizeMb / 100)));
}

/** An answer whose length has so many digits could take a quarter of the cache at once. */
function largeDigits({ sizeMb }: Cache): number {
  return String(Math.floor((sizeMb * 2 ** 20) / 4)).length;
}

/** What answers say of the cache: HIT, MISS, BYPASS, EXPIRED, STALE, UPDATING or REVALIDATED. */
export function cacheHeaders(forwards: readonly WebForward[]): readonly Header[] {
  return cachesOf(forwards).length === 0 ? [] : [['X-Cache', '$upstream_cache_status']];
}

/** Once for all HTTP forwards: the caches, and how each of them works. */
export function cacheDefaults(forwards: readonly WebForward[]): readonly Line[] {
  const caches = cachesOf(forwards);
  if (caches.length === 0) return [];
  return [
    '',
    '# Answers that are kept. A stale one is given out only inside of its own stale-while-revalidate or stale-if-error, which nginx heeds as',
    '# long as proxy_cache_use_stale is off; that directive itself knows neither a bound nor must-revalidate.',
    'proxy_cache_background_update on;',
    'proxy_cache_revalidate on;',
    'if_modified_since before;  # RFC 9110, 13.1.3; by default nginx wants the very same time',
    'proxy_pass_header Date;  # when a kept answer was made: clients count the rest of its life by it',
    ...NOT_KEPT,
    ...(balancesByCookie(forwards)
      ? [
          "# The gateway's own cookie makes no answer personal.",
          block(`map $http_cookie ${COOKIES_OF_TARGETS}`, [`~^${COOKIE}=[0-9a-f]*$ '';`, 'default $http_cookie;']),
        ]
      : []),
    ...(caches.some((c) => c.ignoreCookies)
      ? [
          '# Where cookies do not count, targets get none with what may be kept.',
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

/** Evaluated once an answer is there, so never for one from the cache. */
const NOT_KEPT: readonly Line[] = [
  '# Answers that nginx would keep, or give out for longer than they allow. With an Age another cache had it first, and nginx would count',
  '# its life anew; of several the first counts, and what is no number is ignored (RFC 9111, 5.1).',
  "map $upstream_http_age $portway_aged { default ''; '~^0*[1-9][0-9]*([,;]|$)' 1; }",
  block(
    'map "$upstream_http_surrogate_control$upstream_http_cdn_cache_control|$upstream_http_vary|$upstream_http_cache_control|$upstream_http_date|$upstream_http_expires" $portway_unkept',
    [
      "default '';",
      '"~^[^|]" 1;  # words to caches like this one, which nginx does not read (RFC 9213)',
      '"~^\\|[^|]*\\*" 1;  # Vary: * in a list',
      '~*must-understand 1;  # nginx keeps any status that says how long',
      '"~*stale-.*(must|proxy)-revalidate|(must|proxy)-revalidate.*stale-" 1;  # contradictory, and nginx would heed stale- alone',
      '"~\\|\\|(.+)\\|\\1$" 1;  # Expires: now; nginx would keep it until the second is over',
    ],
  ),
];

function cacheParts(cache: Cache): readonly Line[] {
  const { sizeMb, keepFor } = cache;
  return [
    `proxy_cache_path ${folder(cache)} levels=1:2 keys_zone=${zone(cache)}:${keysMiB(cache)}m max_size=${sizeMb}m min_free=1g inactive=${keepFor}s use_temp_path=off;`,
    block(`map $upstream_http_content_length ${large(cache)}`, [
      `"~^\\d{${largeDigits(cache)}}" 1;  # would push out too much else`,
      "default '';",
    ]),
    ...queryMaps(cache),
  ];
}

/** What is left of the query of a request that may be answered from the cache. */
function queryMaps(cache: Cache): readonly Line[] {
  const { query } = cache;
  if (query === undefined) return [];
  const whole = query.map((name) => parameter(cache, name)).join('');
  return [
    ...query.map((name) => `map $arg_${name} ${parameter(cache, name)} { '' ''; default "${name}=$arg_${name}&"; }`),
    // No regex here: it would take the place of the one whose $1 stands before it.
    `map $request_method ${variableName('query', cache.id)} { GET "${whole}"; HEAD "${whole}"; default $args; }`,
  ];
}

function large(cache: Cache): string {
  return variableName('large', cache.id);
}

function parameter(cache: Cache, name: string): string {
  return variableName('arg', `${cache.id}-${name}`);
}

/** A third more of small answers a second, and of large ones half as many again. What was thrown away is found out a second later. */
const FROM_DISK = [
  'sendfile on;',
  'tcp_nopush on;',
  'open_file_cache max=2000 inactive=10s;',
  'open_file_cache_valid 1s;',
];

/** In the location of a route. Before what strips its prefix: the key has the path that the client asked for. */
export function cacheLines(route: HttpRoute, facts: RequestFacts): readonly Line[] {
  const { cache } = route;
  if (cache === undefined) return [];
  const cookies = facts.headers.some(([name]) => name === 'Set-Cookie') ? COOKIES_OF_TARGETS : '$http_cookie';
  // A target may answer a GET by its body, which is not in the key. $content_length is also set for a body over HTTP/2 that told no length.
  const body = ['$content_length', '$http_transfer_encoding'];
  const personal = ['$http_authorization', ...(cache.ignoreCookies ? [] : [cookies]), '$portway_upgrade', ...body];
  // The query first: it has no blanks, and a decoded path may hold a `?` that looks like the beginning of one.
  const asked = cache.query === undefined ? '$request_uri' : '$args $portway_asked';
  return [
    ...(cache.ignoreCookies ? ['set $portway_anonymous 1;'] : []),
    ...(cache.query === undefined ? [] : ['set $portway_asked $uri;']),
    `proxy_cache ${zone(cache)};`,
    // All that a target is told of where the client wanted to go.
    `proxy_cache_key "${route.id} ${facts.scheme} ${facts.port} ${facts.host} ${asked}";`,
    ...(cache.validFor === undefined ? [] : [`proxy_cache_valid 200 301 308 ${cache.validFor}s;`]),
    ...(cache.waitForFill === 0
      ? []
      : [
          'proxy_cache_lock on;  # one request fills, others wait for it',
          `proxy_cache_lock_timeout ${cache.waitForFill}s;`,
        ]),
    `proxy_cache_bypass ${personal.join(' ')};`,
    `proxy_no_cache ${personal.join(' ')} ${large(cache)} $portway_unkept $portway_aged;`,
    ...FROM_DISK,
  ];
}

/** The variable with the query that targets get; undefined where it is the client's. */
export function keptQuery({ cache }: HttpRoute): string | undefined {
  return cache?.query === undefined ? undefined : variableName('query', cache.id);
}
