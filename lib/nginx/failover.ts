import { isSticky } from '../forward/balance';
import { FAILOVER, type Failover } from '../forward/failover';
import type { HttpRoute } from '../forward/http-route';
import type { StreamForward, WebForward } from '../forward/resolved';
import { type Block, block, type Line } from './block';
import { goTo, placeOf } from './places';

/** When a request goes on to another target that has one: nginx's own rule is the first two. */
const UNABLE = 'error timeout http_502 http_503 http_504';

/**
 * Answers that lead on to another target count as failures of theirs. That is for groups with a last resort: without one, a path that
 * always answers 503 would have all targets left out.
 */
function goesOnWhenUnable({ balance, failover, targets, protocol }: HttpRoute): boolean {
  return failover !== undefined && protocol === 'http' && !isSticky(balance) && targets.length > 1;
}

/** nginx has one rule for all requests of a location, so that those with another one have a place of their own. */
export function needsWritesPlace(route: HttpRoute): boolean {
  if (route.failover === undefined || route.protocol !== 'http') return false;
  return goesOnWhenUnable(route) || route.failover.resend === 'safe';
}

/** Once for all HTTP forwards. */
export function failoverDefaults(forwards: readonly WebForward[]): readonly Line[] {
  const routes = forwards.flatMap((f) => f.sites.flatMap((s) => s.routes)).filter((r) => r.failover !== undefined);
  if (routes.length === 0) return [];
  return [
    '',
    '# How many targets a request may try, and for how long.',
    ...limits(FAILOVER, 'proxy'),
    ...(routes.some(needsWritesPlace)
      ? [
          '# nginx sends no POST, PATCH or LOCK again that it sent. PUT, DELETE and others have places of their own, with other rules.',
          "map $request_method $portway_writes { default 1; ~^(GET|HEAD|OPTIONS|POST|PATCH|LOCK)$ ''; }",
        ]
      : []),
  ];
}

/** In the location of a route. */
export function failoverLines(route: HttpRoute): readonly Line[] {
  const { failover, protocol } = route;
  if (failover === undefined) return [];
  if (protocol === 'grpc') return [`grpc_connect_timeout ${failover.connectTimeout}s;`, ...limits(failover, 'grpc')];
  return [
    ...(needsWritesPlace(route) ? goTo(placeOf('writes', route), '$portway_writes') : []),
    ...failoverRule(route),
  ];
}

/** Which requests of a location go on to another target, and how far. */
export function failoverRule(route: HttpRoute): readonly Line[] {
  const { failover } = route;
  if (failover === undefined) return [];
  return [...(goesOnWhenUnable(route) ? [`proxy_next_upstream ${UNABLE};`] : []), ...own(failover)];
}

/** Beside it, with the lines that forward its requests. */
export function failoverPlace(route: HttpRoute, forwarding: readonly Line[]): readonly Block[] {
  const { failover } = route;
  if (failover === undefined || !needsWritesPlace(route)) return [];
  const rule = failover.resend === 'safe' ? ['proxy_next_upstream off;'] : [];
  return [block(`location @${placeOf('writes', route)}`, [...rule, ...own(failover), ...forwarding])];
}

/** What differs from the defaults above. */
function own(failover: Failover): readonly Line[] {
  const differs = failover.tries !== FAILOVER.tries || failover.timeout !== FAILOVER.timeout;
  return [`proxy_connect_timeout ${failover.connectTimeout}s;`, ...(differs ? limits(failover, 'proxy') : [])];
}

function limits({ tries, timeout }: Failover, module: 'proxy' | 'grpc'): readonly Line[] {
  return [`${module}_next_upstream_tries ${tries};`, `${module}_next_upstream_timeout ${timeout}s;`];
}

/** In the server of a TCP or UDP forward. A connection goes on to another target only before it carries anything. */
export function streamFailover({ failover }: StreamForward): readonly Line[] {
  if (failover === undefined) return [];
  return [`proxy_connect_timeout ${failover.connectTimeout}s;`, ...limits(failover, 'proxy')];
}
