import type { Problems } from '../forward/problems';
import { toldHeaders } from '../nginx/proxy-headers';
import { BLANKED } from './blanked-headers';
import type { HttpFeature } from './feature';
import { set } from './set';

/** @category Protection of HTTP */
export interface PassHeadersProps {
  /**
   * Request headers to pass to targets although they claim another URL, method, host, scheme or client than the
   * request has. Examples are `X-HTTP-Method-Override`, and `CF-Connecting-IP` behind Cloudflare. Any client can send
   * them.
   * @default none: the gateway removes all of them
   * @refused headers that pass anyway; together with `cache`
   * @see docs/how-it-works.md#nginx
   * @see https://portswigger.net/research/practical-web-cache-poisoning
   */
  readonly passHeaders?: readonly string[];
}

export interface PassHeadersValues {
  readonly passHeaders?: readonly string[];
}

declare module './values' {
  interface RouteValues extends PassHeadersValues {}
}

export const passHeaders: HttpFeature<PassHeadersProps, PassHeadersValues> = {
  props: { passHeaders: true },
  read: (at, props, problems) =>
    set({ passHeaders: readPassedHeaders(`${at}.passHeaders`, props.passHeaders, problems) }),
  nginx: {
    forwarding: {
      order: 50,
      lines({ route: { options, protocol }, facts }) {
        if (options.passHeaders === undefined) return [];
        return toldHeaders(protocol === 'grpc' ? 'grpc' : 'proxy', facts, options.passHeaders);
      },
    },
  },
};

/** The names of blanked headers that reach the targets anyway. */
function readPassedHeaders(at: string, value: unknown, problems: Problems): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length === 0) {
    problems.add(at, "must hold at least one name of a header, such as ['X-HTTP-Method-Override']", value);
    return undefined;
  }
  const known = new Map(BLANKED.map((name) => [name.toLowerCase(), name]));
  return value.flatMap((name: unknown, i) => {
    const header = typeof name === 'string' ? known.get(name.toLowerCase()) : undefined;
    if (header === undefined)
      problems.add(`${at}[${i}]`, `must be a header that is otherwise taken out: ${BLANKED.join(', ')}`, name);
    return header ?? [];
  });
}

/** The header is not in the cache's key, so answers to requests with it would be served to requests without it. */
export function checkPassedBesideCache(at: string, passed: readonly string[] | undefined, problems: Problems): void {
  if (passed === undefined) return;
  problems.add(
    `${at}.passHeaders`,
    'must be left out where there is a cache, since an answer made for one client could be served to others: write cache: false there',
    passed,
  );
}
