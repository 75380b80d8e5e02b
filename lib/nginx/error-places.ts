import type { Line } from './block';

/** The answers of the gateway itself that have a page. 405 has none: its `Allow` belongs to the place that refused. */
export const ERROR_STATUSES = '403 413 429 502 503 504';

/** A request may be refused before its path is known; nginx then finds no named location. */
export const WITHOUT_PATH = '/.portway/page';

/** The location that answers errors: of a server, or of one of its routes. */
export function errorPlaceName(id?: string): string {
  return id === undefined ? '@portway' : `@portway-${id}`;
}

/** Leads the errors of a location to the place that has its headers and logs. nginx then takes no `error_page` from above. */
export function leadToErrorPlace(id: string): readonly Line[] {
  return [`error_page 400 ${ERROR_STATUSES} ${errorPlaceName(id)};`, `error_page 500 =503 ${errorPlaceName(id)};`];
}

/** Where nothing is. */
export function notFoundPage(): Line {
  return `error_page 400 404 ${ERROR_STATUSES} ${errorPlaceName()};`;
}
