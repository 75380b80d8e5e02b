import { isSticky } from '../forward/balance';
import { FAILOVER, type Failover, HTTP_FAILOVER, type HttpFailoverProps } from '../forward/failover';
import { readFailover } from '../forward/read-failover';
import type { WebForward } from '../forward/resolved';
import { type Block, block, type Line } from '../nginx/block';
import { goTo, placeOf } from '../nginx/places';
import type { BesideScope, ForwardingScope, HttpFeature } from './feature';
import type { HttpRoute } from './route';
import { set } from './set';

/** @category Targets of HTTP */
export interface FailoverOptionProps {
  /**
   * What happens when one of several targets fails.
   * @default as listed for each
   * @refused with only one target, unless it is a name, which may stand for several addresses
   * @see docs/delivery.md#when-a-target-fails
   */
  readonly failover?: HttpFailoverProps;
}

export interface FailoverValues {
  readonly failover?: Failover;
}

declare module './values' {
  interface RouteValues extends FailoverValues {}
}

export const failover: HttpFeature<FailoverOptionProps, FailoverValues> = {
  props: { failover: true },
  parts: { failover: HTTP_FAILOVER },
  read(at, props, problems, { isLeaf, targets, props: { to } }) {
    // A name may stand for several addresses.
    const [only] = Array.isArray(to) ? to : [to];
    const isName = typeof only === 'string' && /^[^[]*[a-z]/i.test(only);
    if (isLeaf && targets < 2 && props.failover !== undefined && !isName)
      problems.add(`${at}.failover`, 'must be left out where there is one target');
    return set({ failover: readFailover(at, props.failover, 'http', problems) });
  },
  nginx: {
    http: { order: 85, lines: ({ forwards }) => failoverDefaults(forwards) },
    forwarding: { order: 10, lines: failoverLines },
    beside: { order: 20, blocks: writesPlace },
    leadsBeside: needsWritesPlace,
  },
};

/** When a request is sent to another target. The first two are nginx's default. */
const UNABLE = 'error timeout http_502 http_503 http_504';

/**
 * An answer that leads on to another target counts as a failure. This is only for groups with a last resort: without
 * one, a single path that always answers 503 would get all targets left out.
 */
function goesOnWhenUnable({ balance, failover, targets, protocol }: HttpRoute): boolean {
  return failover !== undefined && protocol === 'http' && !isSticky(balance) && targets.length > 1;
}

/** nginx has one rule for all requests of a location, so requests with another rule have a location of their own. */
function needsWritesPlace(route: HttpRoute): boolean {
  if (route.failover === undefined || route.protocol !== 'http') return false;
  return goesOnWhenUnable(route) || route.failover.resend === 'safe';
}

/** Once for all HTTP forwards. */
function failoverDefaults(forwards: readonly WebForward[]): readonly Line[] {
  const routes = forwards.flatMap((f) => f.sites.flatMap((s) => s.routes)).filter((r) => r.failover !== undefined);
  if (routes.length === 0) return [];
  return [
    '',
    '# How many targets a request may try, and for how long.',
    ...limits(FAILOVER, 'proxy'),
    ...(routes.some(needsWritesPlace)
      ? [
          '# nginx never resends a POST, PATCH or LOCK. PUT, DELETE and others have their own locations, with other rules.',
          "map $request_method $portway_writes { default 1; ~^(GET|HEAD|OPTIONS|POST|PATCH|LOCK)$ ''; }",
        ]
      : []),
  ];
}

/** In the location of a route. */
function failoverLines({ route, location }: ForwardingScope): readonly Line[] {
  const { failover, protocol } = route;
  if (failover === undefined || location === 'writes') return [];
  if (protocol === 'grpc') return [`grpc_connect_timeout ${failover.connectTimeout}s;`, ...limits(failover, 'grpc')];
  return [
    ...(location === 'route' && needsWritesPlace(route) ? goTo(placeOf('writes', route), '$portway_writes') : []),
    ...(goesOnWhenUnable(route) ? [`proxy_next_upstream ${UNABLE};`] : []),
    ...settingsOf(failover),
  ];
}

/** Beside it, with the lines that forward its requests. */
function writesPlace({ route, settings, forwarding }: BesideScope): readonly Block[] {
  const { failover } = route;
  if (failover === undefined || !needsWritesPlace(route)) return [];
  const rule = failover.resend === 'safe' ? ['proxy_next_upstream off;'] : [];
  const lines = [...rule, ...settingsOf(failover), ...settings(), ...forwarding('writes')];
  return [block(`location @${placeOf('writes', route)}`, lines)];
}

/** What differs from the defaults above. */
function settingsOf(failover: Failover): readonly Line[] {
  const differs = failover.tries !== FAILOVER.tries || failover.timeout !== FAILOVER.timeout;
  return [`proxy_connect_timeout ${failover.connectTimeout}s;`, ...(differs ? limits(failover, 'proxy') : [])];
}

function limits({ tries, timeout }: Failover, module: 'proxy' | 'grpc'): readonly Line[] {
  return [`${module}_next_upstream_tries ${tries};`, `${module}_next_upstream_timeout ${timeout}s;`];
}
