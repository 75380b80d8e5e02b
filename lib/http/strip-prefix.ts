import { readFlag } from '../forward/read-value';
import type { WebForward } from '../forward/resolved';
import { block, type Line } from '../nginx/block';
import type { RequestFacts } from '../nginx/request-facts';
import { keptQuery } from './cache';
import { contentLocationHeaders, contentLocationMaps } from './content-location';
import type { HttpFeature } from './feature';
import type { HttpRoute } from './route';
import { set } from './set';

/** @category Hosts and paths */
export interface StripPrefixProps {
  /**
   * Whether targets see the path without its prefix: `/users` for `/api/users` on `'/api/*'`. The gateway tells them
   * the prefix in `X-Forwarded-Prefix`, and puts it back into `Location`, `Refresh`, `Content-Location` and the paths of
   * cookies. `Link`, domains of cookies, `If` of requests and URLs in bodies pass as they are: a target that writes or
   * reads those must heed `X-Forwarded-Prefix`.
   * @default false
   * @refused on a single path, on `/*` and on a redirect
   * @see docs/limits.md#of-http-through-nginx
   */
  readonly stripPrefix?: boolean;
}

export interface StripPrefixValues {
  readonly stripPrefix?: boolean;
}

declare module './values' {
  interface PathValues extends StripPrefixValues {}
}

export const stripPrefix: HttpFeature<StripPrefixProps, StripPrefixValues> = {
  props: { stripPrefix: true },
  read: (at, props, problems) => set({ stripPrefix: readFlag(`${at}.stripPrefix`, props.stripPrefix, problems) }),
  nginx: {
    targetPath: rawPath,
    http: [
      { order: 40, lines: ({ forwards }) => rawPaths(forwards) },
      { order: 41, lines: ({ forwards, facts }) => contentLocationMaps(forwards, facts) },
    ],
    commonHeaders: { order: 30, headers: contentLocationHeaders },
    // Last, since no `set` runs after its `rewrite ... break`.
    forwarding: { lines: ({ route, facts }) => rewritten(route, facts) },
  },
};

/** The path and query that the target gets, if they differ from the client's. */
function rewritten(route: HttpRoute, facts: RequestFacts): readonly Line[] {
  const query = keptQuery(route);
  if (route.stripPrefix) return withoutPrefix(route.path.text, query, facts);
  return query === undefined ? [] : [`rewrite ^(.*)$ $1?${query}? break;`];
}

/**
 * Forwards a request without its prefix, and restores the prefix in redirects and cookies of a target that does not
 * know it. A target that honours X-Forwarded-Prefix has already written the prefix, and the first rule of each pair
 * leaves it unchanged. `query` is a variable with the query that the target gets; without it, that is the client's.
 */
function withoutPrefix(prefix: string, query: string | undefined, { scheme, host }: RequestFacts): readonly Line[] {
  const bare = prefix.slice(0, -1);
  const pairs = ['http', scheme].flatMap((said) => [
    `proxy_redirect ${said}://${host}${prefix} ${scheme}://${host}${prefix};`,
    `proxy_redirect ${said}://${host}/ ${scheme}://${host}${prefix};`,
  ]);
  return [
    `set $portway_prefix ${bare};`,
    `rewrite ^${escapeRegex(prefix)}(.*)$ /$1${query === undefined ? '' : `?${query}?`} break;`,
    ...pairs,
    `proxy_redirect ${prefix} ${prefix};`,
    `proxy_redirect / ${prefix};`,
    `proxy_cookie_path ${prefix} ${prefix};`,
    `proxy_cookie_path / ${prefix};`,
  ];
}

function escapeRegex(text: string): string {
  return text.replaceAll(/[.+()]/g, '\\$&');
}

/**
 * The path below a stripped prefix, byte for byte as the client wrote it; `rewrite` would decode `%2F`. Empty if that
 * is not safe, and nginx then uses its rewritten path: a target could resolve `.` or `..` (in any spelling) differently
 * from nginx, and with `%2F` in the prefix its end is unclear.
 */
function rawPaths(forwards: readonly WebForward[]): readonly Line[] {
  const routes = forwards.flatMap((f) => f.sites.flatMap((s) => s.routes)).filter((r) => rawPath(r) !== '');
  const depths = [...new Set(routes.map(depth))].sort((a, b) => a - b);
  if (depths.length === 0) return [];
  return [
    '# Below a prefix of this many segments: the path as sent, unless dots or a %2F could lead elsewhere.',
    ...depths.map((n) =>
      block(`map $request_uri ${BELOW}${n}`, [
        `"~*^(?![^?]*(/|%2f)(\\.|%2e){1,2}(/|%2f|[?#]|$))(/+([^/?#%]|%(?!2f))+){${n}}(?<below>/[^#]*)" $below;`,
        "default '';",
      ]),
    ),
  ];
}

/** The variable with that path; empty if nginx's own path is the right one. */
function rawPath(route: HttpRoute): string {
  const raw = route.stripPrefix && route.protocol === 'http' && keptQuery(route) === undefined;
  return raw ? `${BELOW}${depth(route)}` : '';
}

function depth({ path }: HttpRoute): number {
  return path.text.split('/').filter((segment) => segment !== '').length;
}

const BELOW = '$portway_below_';
