import { join } from 'node:path';

export const ROOT = join(__dirname, '../..');
/** The page that the committed runs are printed on. */
export const DOCUMENT = join(ROOT, 'docs/performance.md');
/** A run's folder below the project's. @param date ISO 8601 */
export function runFolder(date: string): string {
  return join(ROOT, '.bench', date.replace(/[-:]|\..*/g, ''));
}
