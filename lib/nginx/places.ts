import type { WebForward } from '../forward/resolved';
import type { HttpRoute } from '../http/route';
import type { Line } from './block';

/** In a location with an `error_page` of its own, which has none from above. */
export const LEADS_TO_PLACE = 'error_page 418 = @$portway_place;';

/**
 * nginx has one rule for all requests of a location. Requests that need another one go to a named location beside it, by a status that
 * no client sees.
 */
export function placeDefaults(
  forwards: readonly WebForward[],
  needsPlace: (route: HttpRoute) => boolean,
): readonly Line[] {
  // nginx does not start where a variable is used that nothing sets.
  if (!forwards.some((f) => f.sites.some((s) => s.routes.some(needsPlace)))) return [];
  return [
    '',
    '# WebSockets and the like have a location beside this one.',
    LEADS_TO_PLACE,
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
