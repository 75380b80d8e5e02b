import type { Header } from '../forward/http-headers';
import type { HttpOptions } from '../forward/http-options';
import type { HttpsForward, WebForward } from '../forward/resolved';
import { type Block, block } from './block';
import { variableName } from './names';

/** Seconds for which clients remember that there is HTTP/3. */
const REMEMBERED = 86_400;

/** An HTTPS forward, with what all of its answers say of TLS and HTTP/3 among the headers of its places. */
export function withHttpsHeaders(forward: WebForward): WebForward {
  if (forward.kind === 'http') return forward;
  const { name, hsts, http3, listen } = forward;
  const added: readonly Header[] = [
    ...(hsts === undefined ? [] : [['Strict-Transport-Security', variableName('hsts', name)] as const]),
    ...(http3 ? [['Alt-Svc', `h3=":${listen.from}"; ma=${REMEMBERED}`] as const] : []),
  ];
  if (added.length === 0) return forward;
  // What a place takes from above must stay the very same object: that is how it is told from what it says itself.
  const headers = remembered((own: HttpOptions['headers']) => [...(own ?? []), ...added]);
  const options = remembered((own: HttpOptions): HttpOptions => ({ ...own, headers: headers(own.headers) }));
  const sites = forward.sites.map((site) => ({
    ...site,
    options: options(site.options),
    routes: site.routes.map((route) => ({ ...route, options: options(route.options) })),
  }));
  return { ...forward, sites };
}

/** nginx's error for plain HTTP on a TLS port carries these headers, but HSTS must not be sent without TLS. */
export function hstsMap({ name, hsts }: HttpsForward): readonly Block[] {
  return hsts === undefined
    ? []
    : [block(`map $https ${variableName('hsts', name)}`, [`on "${hsts}";`, "default '';"])];
}

function remembered<K, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>();
  return (key) => {
    const value = made.get(key) ?? make(key);
    made.set(key, value);
    return value;
  };
}
