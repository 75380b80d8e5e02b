import type { Problems } from './problems';

/**
 * Request headers by which applications can be told another URL, method, host, scheme or client than those of the request. Anybody can
 * write them, and a cache has none of them in its key, so targets get none of them; `passHeaders` lets one pass. Those that the gateway
 * sets itself (X-Forwarded-For and others) are not among them.
 *
 * Taken from lists for cache-poisoning tests (Param Miner, OWASP) and from what frameworks read without being asked to. A name costs
 * some 40 bytes of nginx.conf and no time: nginx looks each header of a request up in one hash.
 * @see https://portswigger.net/research/practical-web-cache-poisoning
 * @see https://httpoxy.org
 */
export const BLANKED: readonly string[] = [
  // Scheme: Rack, gunicorn
  ...['X-Forwarded-Ssl', 'X-Forwarded-Scheme', 'X-Forwarded-Protocol'],
  // Host
  ...['X-Host', 'X-Original-Host', 'X-Forwarded-Server'],
  // Path: Symfony, Zend, IIS
  ...['X-Original-URL', 'X-Rewrite-URL'],
  // Method: Rack, Express, Symfony, OData
  ...['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'],
  // Client's address, as CDNs and load balancers tell it
  ...['True-Client-IP', 'CF-Connecting-IP', 'Fastly-Client-IP', 'X-Client-IP', 'Client-IP', 'X-Cluster-Client-IP'],
  // Files and URLs that Rack then names in its answer, for a proxy to send
  ...['X-Sendfile-Type', 'X-Accel-Mapping'],
  // CGI makes HTTP_PROXY of it, which programs take for the proxy of their own requests.
  'Proxy',
];

/** The names of blanked headers that reach the targets after all. */
export function readPassedHeaders(at: string, value: unknown, problems: Problems): readonly string[] | undefined {
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

/** Answers to requests with such a header would be given to requests without it: it is not in a cache's key. */
export function checkPassedBesideCache(at: string, passed: readonly string[] | undefined, problems: Problems): void {
  if (passed === undefined) return;
  problems.add(
    `${at}.passHeaders`,
    'must be left out where answers are kept, which could be made for one client and given to others: write cache: false there',
    passed,
  );
}
