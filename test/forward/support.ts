import { Forward, type HttpForwardProps, type TransportForwardProps } from '../../lib/forward/forward';
import { PortwayError } from '../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { isWebForward } from '../../lib/forward/resolved';
import type { HttpRoute } from '../../lib/http/route';

/** Two targets. */
export const TWO = ['10.0.1.1:80', '10.0.1.2:80'];

/** A forward of HTTP, of whatever somebody may write. */
export function http(props: object): Forward {
  return Forward.http({ listen: 80, ...props } as HttpForwardProps);
}

/** A forward of TCP by nginx. */
export function tcp(props: object): Forward {
  return Forward.tcp({ listen: 80, engine: 'nginx', ...props } as TransportForwardProps);
}

/** The routes of a forward of HTTP with the name `web`. @throws PortwayError with all that is wrong with it */
export function routes(props: object): readonly HttpRoute[] {
  const [web] = resolveForwardsOrThrow({ forwards: { web: http(props) } });
  if (web === undefined || !isWebForward(web)) throw new Error('no forward of ports');
  return web.sites.flatMap((site) => site.routes);
}

/** What is wrong with a forward of the name `web`. */
export function problems(web: Forward): readonly string[] {
  try {
    resolveForwardsOrThrow({ forwards: { web } });
  } catch (error) {
    if (error instanceof PortwayError) return error.problems;
    throw error;
  }
  return [];
}
