import type { Line } from '../nginx/block';

/**
 * Request headers that tell applications another URL, method, host, scheme or client than the request itself. Any
 * client can send them, and no cache has them in its key, so targets never get them unless `passHeaders` lets one pass.
 * The list leaves out headers that the gateway sets itself (X-Forwarded-For and others).
 *
 * It is taken from lists for cache-poisoning tests (Param Miner, OWASP) and from what frameworks read by default. A
 * name costs about 40 bytes of nginx.conf and no time: nginx looks up each request header in one hash table.
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
  // Client's address, as CDNs and load balancers report it
  ...['True-Client-IP', 'CF-Connecting-IP', 'Fastly-Client-IP', 'X-Client-IP', 'Client-IP', 'X-Cluster-Client-IP'],
  // Files and URLs that Rack then names in its answer, for a proxy to send
  ...['X-Sendfile-Type', 'X-Accel-Mapping'],
  // CGI turns it into HTTP_PROXY, which programs take as the proxy for their own requests.
  'Proxy',
];

/** The directives that keep these headers from targets, except those in `passed`. */
export function blankedHeaders(protocol: 'proxy' | 'grpc', passed: readonly string[] = []): readonly Line[] {
  const pass = new Set(passed.map((name) => name.toLowerCase()));
  const blanked = BLANKED.filter((name) => !pass.has(name.toLowerCase()));
  return blanked.map((name) => `${protocol}_set_header ${name} '';`);
}
