import type { HttpRoute, HttpSite } from '../forward/http-route';
import type { PortForward } from '../forward/resolved';
import { sourceCheck } from './access';
import { type Block, block, type Line } from './block';
import type { NginxDialect } from './dialect';
import { grpcHeaders } from './grpc';
import { stripPrefix } from './strip-prefix';
import { tlsLines } from './tls';
import { passTo } from './upstream';

/** The servers of an HTTP forward: one for each of its sites. */
export function servers(forward: PortForward, dialect: NginxDialect): readonly Block[] {
  const named = forward.sites.some((s) => s.host !== undefined);
  const closed = named && forward.sites.every((s) => s.host !== undefined);
  return [
    ...forward.sites.map((site) => server(forward, site, { isDefault: named && site.host === undefined }, dialect)),
    ...(closed ? [closedServer(forward, dialect)] : []),
  ];
}

function server(
  forward: PortForward,
  site: HttpSite,
  { isDefault }: { readonly isDefault: boolean },
  dialect: NginxDialect,
): Block {
  const hasAll = site.routes.some((r) => r.path.kind === 'prefix' && r.path.text === '/');
  return block('server', [
    ...listeners(forward, isDefault ? ' default_server' : '', dialect),
    ...(site.host === undefined ? [] : [`server_name ${site.host};`]),
    ...(forward.tls === undefined ? [] : [...tlsLines(forward.name), 'proxy_cookie_flags ~ secure;']),
    ...sourceCheck(forward),
    ...site.routes.map(location),
    ...(hasAll ? [] : [block('location /', ['return 404;'])]),
  ]);
}

/** Names that no site has get no answer: over TLS no handshake, else no response. */
function closedServer(forward: PortForward, dialect: NginxDialect): Block {
  return block('server', [
    ...listeners(forward, ' default_server', dialect),
    "# Other host names are nobody's.",
    ...(forward.tls === undefined ? [] : [...tlsLines(forward.name), 'ssl_reject_handshake on;']),
    'return 444;',
  ]);
}

/** Wildcards only: nginx cannot move from a wildcard to one address by a reload. */
function listeners(forward: PortForward, parameter: string, dialect: NginxDialect): readonly Line[] {
  const port = forward.listen.from;
  const tls = forward.kind === 'http' ? '' : dialect.http2 === 'directive' ? ' ssl' : ' ssl http2';
  return [
    `listen ${port}${tls}${parameter};`,
    `listen [::]:${port}${tls}${parameter};`,
    ...(forward.kind === 'https' && dialect.http2 === 'directive' ? ['http2 on;'] : []),
  ];
}

function location(route: HttpRoute): Line {
  const { path, redirect } = route;
  const whole = path.kind === 'prefix' && path.text === '/';
  if (redirect !== undefined && whole) return `return 308 ${origin(redirect)}$request_uri;`;
  return block(`location ${path.kind === 'exact' ? '= ' : ''}${path.text}`, [
    ...(redirect === undefined ? forwarding(route) : [`return 308 ${origin(redirect)}$request_uri;`]),
  ]);
}

function forwarding(route: HttpRoute): readonly Line[] {
  const grpc = route.protocol === 'grpc';
  return [
    ...(grpc ? grpcHeaders(route.streaming) : route.streaming ? STREAMING : []),
    ...passTo(route, grpc ? 'grpc://' : 'http://'),
    // Last: after its `rewrite ... break` no `set` would be carried out.
    ...(route.stripPrefix ? stripPrefix(route.path.text) : []),
  ];
}

/** An answer that comes in pieces over hours, such as Server-Sent Events, is passed on piece by piece. */
const STREAMING = ['proxy_buffering off;', 'proxy_read_timeout 1d;'];

/** 308 keeps the method and body, so that a form posted to the old address still arrives. */
function origin(redirect: number | string): string {
  if (typeof redirect === 'string') return redirect;
  return `https://$host${redirect === 443 ? '' : `:${redirect}`}`;
}
