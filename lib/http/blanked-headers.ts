import type { Line } from '../nginx/block';

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

/** The directives that keep these headers from targets, but for those that are to pass. */
export function blankedHeaders(protocol: 'proxy' | 'grpc', passed: readonly string[] = []): readonly Line[] {
  const pass = new Set(passed.map((name) => name.toLowerCase()));
  const blanked = BLANKED.filter((name) => !pass.has(name.toLowerCase()));
  return blanked.map((name) => `${protocol}_set_header ${name} '';`);
}
