import type { Directive } from './directives';
import type { Scope } from './scope';

/** What a `return` or `rewrite` does, in the words of a forward. */
export type Answer =
  | { readonly kind: 'redirect'; readonly to: string; readonly differs?: string }
  | { readonly kind: 'closed' }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'lost'; readonly why: string };

const WHOLE_URL =
  /^(https?|\$scheme):\/\/([^/$:]+|\$(?:host|http_host|server_name|ssl_server_name))(:\d+)?(\$request_uri|\$uri\$is_args\$args|\/?\$1|)(\??)$/;

/** Patterns of `rewrite` that match all addresses, so that `$1` is the path. */
const ALL = new Set([
  '^',
  '^/',
  '^.*$',
  '^.*',
  '.*',
  '^(.*)$',
  '^(.*)',
  '(.*)',
  '^/(.*)$',
  '^/(.*)',
  '^/?(.*)$',
  '^(.+)$',
  '^/(.+)$',
]);

/** @param serverName the first name of the server; `plain` whether its clients speak plain HTTP */
export function readReturn(
  { args }: Directive,
  scope: Scope,
  server: { readonly serverName: string | undefined; readonly plain: boolean },
): Answer {
  const [first = '', text] = args;
  const status = /^\d{3}$/.test(first) ? Number(first) : 302;
  const url = scope.resolve(/^\d{3}$/.test(first) ? (text ?? '') : first);
  if (status === 444) return { kind: 'closed' };
  if (![301, 302, 303, 307, 308].includes(status)) return { kind: 'status', status };
  return redirect(url, status, server);
}

/** A `rewrite` of all addresses to another site. Undefined if it is something else. */
export function readRewrite(
  { args }: Directive,
  scope: Scope,
  server: { readonly serverName: string | undefined; readonly plain: boolean },
): Answer | undefined {
  const [pattern = '', url = '', flag] = args;
  const leads = /^(https?:|\$scheme:)/.test(url);
  if (!ALL.has(pattern) || !leads || flag === 'last' || flag === 'break') return undefined;
  return redirect(scope.resolve(url), flag === 'permanent' ? 301 : 302, server);
}

function redirect(
  url: string,
  status: number,
  { serverName, plain }: { readonly serverName: string | undefined; readonly plain: boolean },
): Answer {
  const match = WHOLE_URL.exec(url);
  if (match === null) return { kind: 'lost', why: 'redirectTo leads to another origin, with the same path and query' };
  const [, scheme = '', host = '', port = '', path = ''] = match;
  if (path === '') return { kind: 'lost', why: 'redirectTo keeps path and query, this one does not' };
  if (status !== 301 && status !== 308)
    return { kind: 'lost', why: `redirectTo is permanent (308), this one is temporary (${status})` };
  const differs = status === 308 ? {} : { differs: '308 in place of 301, which keeps the method too' };
  const secure = scheme === 'https' || (scheme === '$scheme' && !plain);
  if (host.startsWith('$')) {
    const named = host === '$server_name' && serverName !== undefined;
    if (named) return { kind: 'redirect', to: `${secure ? 'https' : 'http'}://${serverName}${port}`, ...differs };
    if (secure && plain) return { kind: 'redirect', to: 'https', ...differs };
    return { kind: 'lost', why: 'it leads to the same host' };
  }
  return { kind: 'redirect', to: `${secure ? 'https' : 'http'}://${host.toLowerCase()}${port}`, ...differs };
}
