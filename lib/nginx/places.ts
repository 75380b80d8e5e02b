import type { WebForward } from '../forward/resolved';
import type { HttpRoute } from '../http/route';
import type { Line } from './block';

/** For a location with its own `error_page`, which then inherits none. */
export const LEADS_TO_PLACE = 'error_page 418 = @$portway_place;';

/**
 * nginx has one set of settings for all requests of a location. Requests that need others go to a named location beside
 * it, through a status that no client sees.
 */
export function placeDefaults(
  forwards: readonly WebForward[],
  needsPlace: (route: HttpRoute) => boolean,
): readonly Line[] {
  // nginx does not start if it finds a variable that nothing sets.
  if (!forwards.some((f) => f.sites.some((s) => s.routes.some(needsPlace)))) return [];
  return [
    '',
    '# WebSockets and the like have a location beside this one.',
    LEADS_TO_PLACE,
    'recursive_error_pages on;',
  ];
}

/** In a location: sends requests to a place if a variable is not empty. */
export function goTo(place: string, variable: string): readonly Line[] {
  return [`set $portway_place ${place};`, `if (${variable}) { return 418; }`];
}

/** The name of a place beside a route. */
export function placeOf(kind: 'writes' | 'live', { id }: Pick<HttpRoute, 'id'>): string {
  return `${kind}-${id}`;
}
