import type { HttpSite } from '../forward/http-route';
import { sharedPortOf, type WebForward } from '../forward/resolved';
import { sourceCheck } from './access';
import { acmeLines } from './acme';
import { type Block, block, type Line } from './block';
import type { NginxDialect } from './dialect';
import { errorPlace } from './error-pages';
import { headSizeLines } from './head-size';
import { hostCheck, REFUSED_HOST } from './host';
import { quicListeners } from './http3';
import { locations, optionLines } from './location';
import { countRefusal } from './log-fields';
import { maintenance } from './maintenance';
import { handOver } from './names';
import { notFound, refusalPlaces } from './refusals';
import type { RequestFacts } from './request-facts';
import { shareLines } from './share';
import { tlsLines } from './tls';
import { listenParameter, realClient } from './trusted-proxies';
import { underscoreLines } from './underscores';
import { wildcards } from './wildcards';

/** The servers of an HTTP forward: one for each of its sites. */
export function servers(forward: WebForward, dialect: NginxDialect, facts: RequestFacts): readonly Block[] {
  const named = forward.sites.some((s) => s.host !== undefined);
  const closed = named && forward.sites.every((s) => s.host !== undefined);
  return [
    ...forward.sites.map((site, i) =>
      server(forward, site, { isDefault: named && site.host === undefined, isFirst: i === 0 }, dialect, facts),
    ),
    ...(closed ? [closedServer(forward, dialect)] : []),
  ];
}

function server(
  forward: WebForward,
  site: HttpSite,
  { isDefault, isFirst }: { readonly isDefault: boolean; readonly isFirst: boolean },
  dialect: NginxDialect,
  facts: RequestFacts,
): Block {
  const limited = site.options.limits !== undefined;
  const hasAll = site.routes.some((r) => r.path.kind === 'prefix' && r.path.text === '/');
  return block('server', [
    ...listeners(forward, isDefault ? ' default_server' : '', dialect, isFirst),
    ...(site.host === undefined ? [] : [`server_name ${site.host};`]),
    ...acmeLines(forward, site.options),
    ...(forward.kind === 'http' ? [] : [...tlsLines(forward), 'proxy_cookie_flags ~ secure;']),
    ...realClient(forward),
    ...headSizeLines(forward),
    ...underscoreLines(forward),
    ...optionLines(site.options, {}, forward, facts),
    hostCheck(limited),
    ...(site.options.limits?.openConnections === undefined ? shareLines(forward).lines : []),
    ...(forward.maintenance ? maintenance(limited) : []),
    ...sourceCheck(forward, limited),
    ...site.routes.flatMap((route) => locations(route, site, forward, facts)),
    ...(hasAll ? [] : [notFound(limited)]),
    ...refusalPlaces(refusals(forward), limited),
    ...errorPlace(site.errors, forward),
  ]);
}

/** What a whole server may answer itself, before it looks at the path. */
function refusals({ allowFrom, denyFrom, maintenance: closes }: WebForward): readonly number[] {
  return [REFUSED_HOST, ...(allowFrom.length + denyFrom.length > 0 ? [403] : []), ...(closes ? [503] : [])];
}

/** Names that no site has get no answer: over TLS no handshake, else no response. */
function closedServer(forward: WebForward, dialect: NginxDialect): Block {
  return block('server', [
    ...listeners(forward, ' default_server', dialect, false),
    ...acmeLines(forward),
    ...headSizeLines(forward),
    ...underscoreLines(forward),
    "# Other host names are nobody's.",
    ...(forward.kind === 'http' ? [] : [...tlsLines(forward), 'ssl_reject_handshake on;']),
    block('location @portway', countRefusal('=444')),
    block('location /', ['try_files /.portway @portway;']),
  ]);
}

function listeners(forward: WebForward, parameter: string, dialect: NginxDialect, first: boolean): readonly Line[] {
  const tls = forward.kind === 'http' ? '' : dialect.http2 === 'directive' ? ' ssl' : ' ssl http2';
  const shared = sharedPortOf(forward) !== undefined;
  const own = shared ? [handOver(forward.name)] : wildcards(forward.listen);
  const client = shared ? ' proxy_protocol' : listenParameter(forward);
  return [
    ...own.map((address) => `listen ${address}${tls}${parameter}${client};`),
    ...(forward.kind === 'https' && dialect.http2 === 'directive' ? ['http2 on;'] : []),
    ...(forward.kind === 'https' ? quicListeners(forward, parameter, first) : []),
  ];
}
