import { join } from 'node:path';

export const ROOT = join(__dirname, '../..');
/** The page that the committed runs are printed on. */
export const DOCUMENT = join(ROOT, 'docs/performance.md');
/** The page that says how many hosts a load takes. */
export const CAPACITY = join(ROOT, 'docs/capacity.md');
/** A run's folder below the project's. @param date ISO 8601 */
export function runFolder(date: string): string {
  return join(ROOT, '.bench', date.replace(/[-:]|\..*/g, ''));
}
