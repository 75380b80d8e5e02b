import { sharedPortOf, type WebForward } from '../forward/resolved';
import { forwardHeaders, isLimited, linesOf, listenLines, refusedStatuses } from '../http/contributions';
import type { HttpSite } from '../http/route';
import { type Block, block, type Line } from './block';
import type { NginxDialect } from './dialect';
import { hostCheck, REFUSED_HOST } from './host';
import { locations } from './location';
import { countRefusal } from './log-fields';
import { handOver } from './names';
import { askedLines, blockedLines, refusesBlocked } from './protect';
import { notFound, refusalPlaces } from './refusals';
import type { RequestFacts } from './request-facts';
import { listenParameter } from './trusted-proxies';
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
  const { options } = site;
  const limited = isLimited(options);
  const scope = { forward, site, facts, options, forwardHeaders: forwardHeaders(forward) };
  const setting = { stated: options, module: 'proxy', leadsBeside: false, ownAnswers: false } as const;
  const hasAll = site.routes.some((r) => r.path.kind === 'prefix' && r.path.text === '/');
  return block('server', [
    ...listeners(forward, isDefault ? ' default_server' : '', dialect, isFirst),
    ...(site.host === undefined ? [] : [`server_name ${site.host};`]),
    ...serverHeadLines(scope),
    ...siteHeadLines(scope),
    ...askedLines(facts.protect),
    ...serverLines(scope),
    ...settingLines({ ...scope, ...setting }),
    hostCheck(limited),
    ...blockedLines(facts.protect, forward, limited),
    ...admissionLines({ ...scope, limited }),
    ...site.routes.flatMap((route) => locations({ ...scope, route })),
    ...(hasAll ? [] : [notFound(limited)]),
    ...refusalPlaces([REFUSED_HOST, ...refusals(forward, facts)], limited),
    ...serverEndLines(scope),
  ]);
}

/** The statuses with which a request may be refused before its path is looked at. */
function refusals(forward: WebForward, { protect }: RequestFacts): readonly number[] {
  return [...new Set([...(refusesBlocked(protect, forward) ? [403] : []), ...refusedStatuses(forward)])];
}

/** Unknown names get no answer: no TLS handshake, or no response. */
function closedServer(forward: WebForward, dialect: NginxDialect, facts: RequestFacts): Block {
  const scope = { forward, facts, forwardHeaders: [], options: {} };
  return block('server', [
    ...listeners(forward, ' default_server', dialect, false),
    ...serverHeadLines(scope),
    ...serverLines(scope),
    '# Unknown host names.',
    ...closedLines(scope),
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

const serverHeadLines = linesOf('serverHead');
const siteHeadLines = linesOf('siteHead');
const serverLines = linesOf('server');
const settingLines = linesOf('setting');
const admissionLines = linesOf('admission');
const serverEndLines = linesOf('serverEnd');
const closedLines = linesOf('closed');
