import { isWebForward, type NginxForward } from '../forward/resolved';
import { sourceMaps } from './access';
import { balancesBySource, cookieDefaults } from './balance';
import { type Block, block } from './block';
import { cacheDefaults } from './cache';
import { clientKey } from './client-key';
import { contentLocationMaps } from './content-location';
import type { NginxDialect } from './dialect';
import { errorPages, ownPages } from './error-pages';
import { failoverDefaults, needsWritesPlace } from './failover';
import { grpcDefaults, speaksGrpc } from './grpc';
import { headSizeDefaults } from './head-size';
import { hstsMap, withHttpsHeaders } from './https-headers';
import { countsClients, limitDefaults, limitZones } from './limits';
import { needsLivePlace } from './live';
import { httpLog } from './logging';
import { maintenanceStamp } from './maintenance';
import { GENERATION, NGINX_PATHS } from './names';
import { placeDefaults } from './places';
import { proxyDefaults } from './proxy-headers';
import { factMaps, requestFacts } from './request-facts';
import { headerDefaults } from './response-headers';
import { servers } from './server';
import { closedNames } from './sni';
import { rawPaths } from './strip-prefix';
import { tlsSession } from './tls';
import { transferDefaults } from './transfer';
import { resolver, upstream } from './upstream';

/**
 * Connections to targets that stay open for the next request, and how long without one. Most applications close theirs after 5 s and more
 * (Node 5, Apache 5, Tomcat 20): a POST that is on its way just then would be lost, since it cannot be sent again.
 */
const KEPT_OPEN = ['keepalive 64;', 'keepalive_timeout 4s;'];

/** The http context: HTTP and HTTPS forwards, and the answer that proves which configuration runs. */
export function httpContext(forwards: readonly NginxForward[], dialect: NginxDialect, memoryMiB: number): Block {
  const own = forwards.filter(isWebForward).map(withHttpsHeaders);
  const facts = requestFacts(own);
  return block('http', [
    'server_tokens off;',
    'absolute_redirect off;  # redirects within a site name no scheme, host or port',
    // What the gateway says of itself must not depend on a mime.types file; targets set the types of their answers.
    'default_type text/plain;',
    'uninitialized_variable_warn off;  # variables are empty until something sets them',
    ...(own.some((f) => f.sites.some(({ host = '' }) => host.length > 40))
      ? ['server_names_hash_bucket_size 512;  # for the longest of the names below']
      : []),
    ...(own.length > 0
      ? [
          ...httpLog(own, facts),
          ...factMaps(facts),
          ...transferDefaults(memoryMiB),
          ...headSizeDefaults(own.some(speaksGrpc)),
          ...proxyDefaults(facts),
          ...rawPaths(own),
          ...contentLocationMaps(own, facts),
          ...headerDefaults(facts),
          ...errorPages(facts),
          ...grpcDefaults(own, facts),
          ...(countsClients(own) || balancesBySource(own) ? ['', clientKey()] : []),
          ...limitDefaults(own),
          ...cookieDefaults(own, facts),
          ...placeDefaults(own, (route) => needsLivePlace(route) || needsWritesPlace(route)),
          ...failoverDefaults(own),
          ...cacheDefaults(own),
        ]
      : []),
    ...resolver(own),
    ...(own.some((f) => f.kind === 'https') ? tlsSession() : []),
    '',
    '# The host asks after each start and reload: which configuration runs?',
    block('server', [
      `listen unix:${NGINX_PATHS.socket};`,
      'access_log off;',
      block('location = /generation', [`return 200 "${GENERATION}";`]),
      block('location /', own.some((f) => f.maintenance) ? maintenanceStamp() : ['return 404;']),
    ]),
    ...closedNames(forwards.filter((f) => !isWebForward(f))),
    ...own.flatMap((forward) => [
      '',
      `# ${forward.name}`,
      ...sourceMaps(forward),
      ...(forward.kind === 'https' ? hstsMap(forward) : []),
      ...limitZones(forward),
      ...ownPages(forward, facts),
      ...forward.sites.flatMap((site) =>
        site.routes.flatMap((route) => upstream(route, route.targetKeepAlive === false ? [] : KEPT_OPEN)),
      ),
      ...servers(forward, dialect, facts),
    ]),
  ]);
}
