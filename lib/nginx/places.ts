import type { HttpRoute } from '../forward/http-route';
import type { PortForward } from '../forward/resolved';
import type { Line } from './block';

/**
 * nginx has one rule for all requests of a location. Requests that need another one go to a named location beside it, by a status that
 * no client sees.
 */
export function placeDefaults(
  forwards: readonly PortForward[],
  needsPlace: (route: HttpRoute) => boolean,
): readonly Line[] {
  // nginx does not start where a variable is used that nothing sets.
  if (!forwards.some((f) => f.sites.some((s) => s.routes.some(needsPlace)))) return [];
  return [
    '',
    'error_page 418 = @$portway_place;  # WebSockets and the like: a place beside the location',
    'recursive_error_pages on;',
  ];
}

/** In a location: requests for which a variable is not empty go to a place. */
export function goTo(place: string, variable: string): readonly Line[] {
  return [`set $portway_place ${place};`, `if (${variable}) { return 418; }`];
}

/** The name of a place of a route. */
export function placeOf(kind: 'writes' | 'live', { id }: Pick<HttpRoute, 'id'>): string {
  return `${kind}-${id}`;
}
