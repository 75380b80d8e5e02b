import { sharedPortOf, type WebForward } from '../forward/resolved';
import {
  admissionLines,
  forwardHeaders,
  linesOf,
  listenLines,
  refusedStatuses,
  settingLines,
} from '../http/contributions';
import type { HttpSite } from '../http/route';
import { sourceCheck } from './access';
import { acmeLines } from './acme';
import { type Block, block, type Line } from './block';
import type { NginxDialect } from './dialect';
import { hostCheck, REFUSED_HOST } from './host';
import { locations } from './location';
import { countRefusal } from './log-fields';
import { handOver } from './names';
import { notFound, refusalPlaces } from './refusals';
import type { RequestFacts } from './request-facts';
import { shareLines } from './share';
import { tlsLines } from './tls';
import { listenParameter, realClient } from './trusted-proxies';
import { wildcards } from './wildcards';

/** The servers of an HTTP forward: one for each of its sites. */
export function servers(forward: WebForward, dialect: NginxDialect, facts: RequestFacts): readonly Block[] {
  const named = forward.sites.some((s) => s.host !== undefined);
  const closed = named && forward.sites.every((s) => s.host !== undefined);
  return [
    ...forward.sites.map((site, i) =>
      server(forward, site, { isDefault: named && site.host === undefined, isFirst: i === 0 }, dialect, facts),
    ),
    ...(closed ? [closedServer(forward, dialect, facts)] : []),
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
  const scope = { forward, site, facts, forwardHeaders: forwardHeaders(forward) };
  const hasAll = site.routes.some((r) => r.path.kind === 'prefix' && r.path.text === '/');
  return block('server', [
    ...listeners(forward, isDefault ? ' default_server' : '', dialect, isFirst),
    ...(site.host === undefined ? [] : [`server_name ${site.host};`]),
    ...acmeLines(forward, site.options),
    ...(forward.kind === 'http' ? [] : [...tlsLines(forward), 'proxy_cookie_flags ~ secure;']),
    ...realClient(forward),
    ...linesOf('server', scope),
    ...settingLines({ ...scope, options: site.options, stated: site.options, module: 'proxy', leadsBeside: false }),
    hostCheck(limited),
    ...(site.options.limits?.openConnections === undefined ? shareLines(forward).lines : []),
    ...admissionLines({ ...scope, limited }),
    ...sourceCheck(forward, limited),
    ...site.routes.flatMap((route) => locations({ ...scope, route })),
    ...(hasAll ? [] : [notFound(limited)]),
    ...refusalPlaces(refusals(forward), limited),
    ...linesOf('serverEnd', scope),
  ]);
}

/** The statuses that a server itself may answer before it looks at the path. */
function refusals(forward: WebForward): readonly number[] {
  const { allowFrom, denyFrom } = forward;
  return [REFUSED_HOST, ...(allowFrom.length + denyFrom.length > 0 ? [403] : []), ...refusedStatuses(forward)];
}

/** Unknown names get no answer: no TLS handshake, or no response. */
function closedServer(forward: WebForward, dialect: NginxDialect, facts: RequestFacts): Block {
  return block('server', [
    ...listeners(forward, ' default_server', dialect, false),
    ...acmeLines(forward),
    ...linesOf('server', { forward, facts, forwardHeaders: [] }),
    '# Unknown host names.',
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
    ...listenLines({ forward, parameter, isFirst: first }),
  ];
}
