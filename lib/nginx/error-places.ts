import type { Line } from './block';

/**
 * The gateway's own answers that have a page. 405 has none: its `Allow` header belongs to the place that refused the
 * request.
 */
export const ERROR_STATUSES = '403 413 429 502 503 504';

/** A request may be refused before its path is known; nginx then finds no named location. */
export const WITHOUT_PATH = '/.portway/page';

/** The location that answers the errors of a server or of one of its routes. */
export function errorPlaceName(id?: string): string {
  return id === undefined ? '@portway' : `@portway-${id}`;
}

/** Sends the errors of a location to the place with its headers and logs. nginx then inherits no `error_page`. */
export function leadToErrorPlace(id: string): readonly Line[] {
  return [`error_page 400 ${ERROR_STATUSES} ${errorPlaceName(id)};`, `error_page 500 =503 ${errorPlaceName(id)};`];
}

/** For paths without a route: 404 and the other errors get their page. */
export function notFoundPage(): Line {
  return `error_page 400 404 ${ERROR_STATUSES} ${errorPlaceName()};`;
}
