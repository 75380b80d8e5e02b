import type { Line } from './block';
import type { RequestFacts } from './request-facts';

/**
 * Hands a request on without its prefix, and puts the prefix back into what comes back: redirects and cookies of a target that
 * knows nothing of it. One that heeds X-Forwarded-Prefix wrote it already, which the first rule of each pair leaves as it is.
 * `query` is a variable with the query that the target gets; without it, it is the client's.
 */
export function stripPrefix(
  prefix: string,
  query: string | undefined,
  { scheme, host }: RequestFacts,
): readonly Line[] {
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
