import type { PortForward } from '../forward/resolved';
import { sourceMap } from './access';
import { type Block, block } from './block';
import type { NginxDialect } from './dialect';
import { httpLog } from './logging';
import { NGINX_PATHS } from './names';
import { proxyDefaults } from './proxy-headers';
import { servers } from './server';
import { tlsSession } from './tls';
import { resolver, upstream } from './upstream';

/** The http context: HTTP and HTTPS forwards, and the answer that proves which configuration runs. */
export function httpContext(forwards: readonly PortForward[], dialect: NginxDialect, generation: string): Block {
  const own = forwards.filter((f) => f.kind === 'http' || f.kind === 'https');
  return block('http', [
    'server_tokens off;',
    'absolute_redirect off;  # a redirect within a site names no scheme, host or port that could be the wrong one',
    // What the gateway says of itself must not depend on a mime.types file; targets set the types of their answers.
    'default_type application/octet-stream;',
    ...httpLog(),
    ...(own.length > 0 ? proxyDefaults() : []),
    ...resolver(own),
    ...(own.some((f) => f.kind === 'https') ? tlsSession() : []),
    '',
    '# Asked by the host after each start and reload: which configuration is running?',
    block('server', [
      `listen unix:${NGINX_PATHS.socket};`,
      'access_log off;',
      block('location = /generation', [`return 200 "${generation}";`]),
      block('location /', ['return 404;']),
    ]),
    ...own.flatMap((forward) => [
      '',
      `# ${forward.name}`,
      ...sourceMap(forward),
      ...forward.sites.flatMap((site) => site.routes.flatMap((route) => upstream(route, ['keepalive 64;']))),
      ...servers(forward, dialect),
    ]),
  ]);
}
