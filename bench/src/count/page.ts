import { withReport } from '../report/document';
import { countMarkdown } from './report';
import type { Counted } from './result';
import { waysMarkdown } from './ways';

/** The page with both of its parts that are written from counts. @throws Error if it lacks their markers */
export function withCounts(page: string, result: Counted): string {
  return withReport(withReport(page, waysMarkdown(result), 'ways'), countMarkdown(result), 'count');
}
