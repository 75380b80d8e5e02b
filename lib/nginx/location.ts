import type { HttpOptions } from '../forward/http-options';
import type { HttpRoute, HttpSite } from '../forward/http-route';
import type { WebForward } from '../forward/resolved';
import { streamsAnswers, streamsRequests } from '../forward/streaming';
import { cookieLines } from './balance';
import { type Block, block, type Line } from './block';
import { cacheLines, keptQuery } from './cache';
import { errorPlace, hasOwnPlace, ownErrorPlace } from './error-pages';
import { failoverLines, failoverPlace, failoverRule, needsWritesPlace } from './failover';
import { grpcErrors, grpcPlace } from './grpc';
import { NAME } from './host';
import { limitLines } from './limits';
import { liveLines, livePlace, needsLivePlace } from './live';
import { logLines } from './logging';
import { methodCheck } from './methods';
import { LEADS_TO_PLACE } from './places';
import { toldHeaders } from './proxy-headers';
import { redirect } from './refusals';
import type { RequestFacts } from './request-facts';
import { withHeaders } from './response-headers';
import { rawPath, stripPrefix } from './strip-prefix';
import { transferLines } from './transfer';
import { passTo } from './upstream';

/** Only overrides; nginx inherits the rest. */
export function optionLines(
  options: HttpOptions,
  above: HttpOptions,
  forward: WebForward,
  facts: RequestFacts,
  proxy: 'proxy' | 'grpc' = 'proxy',
): readonly Line[] {
  const own = ownOptions(options, above);
  return [
    ...limitLines(forward, own.limits),
    ...transferLines(own, proxy),
    ...answerLines(options, above, facts, proxy),
  ];
}

/** What answers carry and leave behind: headers and logs. Of its own, as above. */
function answerLines(
  options: HttpOptions,
  above: HttpOptions,
  facts: RequestFacts,
  proxy: 'proxy' | 'grpc',
): readonly Line[] {
  const own = ownOptions(options, above);
  return [
    ...logLines(own.logs),
    ...(own.headers === undefined && own.hideHeaders === undefined
      ? []
      : withHeaders(options.headers ?? [], options.hideHeaders ?? [], facts, proxy)),
  ];
}

/** A route of a site: its location, and the places beside it that answer what it does not. */
export function locations(
  route: HttpRoute,
  site: HttpSite,
  forward: WebForward,
  facts: RequestFacts,
): readonly Block[] {
  const { path, id, options } = route;
  const limited = options.limits !== undefined;
  const proxy = route.protocol === 'grpc' ? 'grpc' : 'proxy';
  const answers = answerLines(options, site.options, facts, 'proxy');
  const errors = errorsOf(route, site, forward, { facts, answers });
  const methods = methodCheck(route, site, forward, facts);
  const linesOf = (of: HttpOptions) => [...optionLines(of, site.options, forward, facts, proxy), ...errors.lines];
  const own = linesOf(inForm(route));
  const leads =
    route.redirect === undefined
      ? {
          lines: [
            ...failoverLines(route),
            ...liveLines(route),
            ...cacheLines(route, facts),
            ...forwarding(route, facts),
          ],
          places: [
            ...failoverPlace(route, [...own, ...forwarding(route, facts)]),
            ...livePlace(route, (of) => [
              ...linesOf(of),
              ...failoverRule(route),
              ...cacheLines(route, facts),
              ...forwarding(route, facts),
            ]),
          ],
        }
      : redirect(origin(route.redirect), id, limited, answers);
  return [
    block(`location ${path.kind === 'exact' ? '= ' : ''}${path.text}`, [...own, ...methods.lines, ...leads.lines]),
    ...methods.places,
    ...leads.places,
    ...errors.places,
  ];
}

/** Where the errors of a route are answered, if that is not the place of its site. */
function errorsOf(
  route: HttpRoute,
  site: HttpSite,
  forward: WebForward,
  { facts, answers }: { readonly facts: RequestFacts; readonly answers: readonly Line[] },
): { readonly lines: readonly Line[]; readonly places: readonly Block[] } {
  const { id, options, protocol } = route;
  if (protocol === 'grpc') {
    const logs = logLines(ownOptions(options, site.options).logs);
    return { lines: [grpcErrors(id)], places: grpcPlace(id, options, logs, facts) };
  }
  if (!hasOwnPlace(route, site)) return { lines: [], places: [] };
  return {
    lines: [...ownErrorPlace(id), ...(needsWritesPlace(route) || needsLivePlace(route) ? [LEADS_TO_PLACE] : [])],
    places: errorPlace(site.errors, forward, { id, lines: answers }),
  };
}

/** Longer than any stream is quiet. */
const DAY = 86_400;

/**
 * Streams are quiet for long, on either side with gRPC. nginx knows the timeouts of gRPC under other names, so that they do not come from
 * above. A call of gRPC is one request, however many messages it carries: it has no bound but one that was asked for.
 */
function inForm({ options, streaming, protocol }: HttpRoute): HttpOptions {
  const grpc = protocol === 'grpc';
  const response = options.timeouts?.response ?? (streamsAnswers(streaming) ? DAY : undefined);
  const body = options.timeouts?.body ?? (streamsRequests(streaming) && grpc ? DAY : undefined);
  const timeouts = { ...(body === undefined ? {} : { body }), ...(response === undefined ? {} : { response }) };
  return {
    ...options,
    ...((streaming !== false || grpc) && Object.keys(timeouts).length > 0 ? { timeouts } : {}),
    ...(grpc ? { maxBodyMiB: options.maxBodyMiB ?? 0 } : {}),
  };
}

function ownOptions(options: HttpOptions, above: HttpOptions): HttpOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([name, value]) => value !== above[name as keyof HttpOptions]),
  );
}

function forwarding(route: HttpRoute, facts: RequestFacts): readonly Line[] {
  const grpc = route.protocol === 'grpc';
  const passed = route.options.passHeaders;
  return [
    ...(grpc ? [] : unbuffered(route)),
    ...(passed === undefined ? [] : toldHeaders(grpc ? 'grpc' : 'proxy', facts, passed)),
    ...cookieLines(route.balance),
    ...passTo(route, grpc ? 'grpc://' : 'http://', rawPath(route)),
    // Last: after its `rewrite ... break` no `set` would be carried out.
    ...rewritten(route, facts),
  ];
}

/** What comes in pieces over hours, such as Server-Sent Events or a live upload, is passed on piece by piece. */
function unbuffered({ streaming }: HttpRoute): readonly Line[] {
  return [
    ...(streamsAnswers(streaming) ? ['proxy_buffering off;'] : []),
    ...(streamsRequests(streaming) ? ['proxy_request_buffering off;'] : []),
  ];
}

/** The path and query that the target gets, where they are not the client's. */
function rewritten(route: HttpRoute, facts: RequestFacts): readonly Line[] {
  const query = keptQuery(route);
  if (route.stripPrefix) return stripPrefix(route.path.text, query, facts);
  return query === undefined ? [] : [`rewrite ^(.*)$ $1?${query}? break;`];
}

/** 308 keeps the method and body, so that a form posted to the old address still arrives. */
export function origin(to: number | string): string {
  if (typeof to === 'string') return to;
  return `https://${NAME}${to === 443 ? '' : `:${to}`}`;
}
