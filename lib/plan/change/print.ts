import { plainTable } from '../table';
import type { Comparison } from './comparison';
import { trafficOf } from './traffic';

/**
 * A comparison as text: one table, and what happens to traffic.
 * @param subject what is compared, such as `Stack Portway`
 */
export function printComparison(subject: string, against: string, comparison: Comparison): string {
  const { changes, host } = comparison;
  const title = `${subject}, compared with ${against}`;
  if (changes.length === 0) return `${title}: no changes.`;
  const hasReasons = changes.some(({ why }) => why !== undefined);
  const table = plainTable(
    ['what', 'change', 'host', ...(hasReasons ? ['why not live'] : [])],
    changes.map(({ what, how, host, why }) => [what, how.join('\n'), host, ...(hasReasons ? [why ?? ''] : [])]),
    [30, 90, 10, ...(hasReasons ? [40] : [])],
  );
  return `${title}\n\n${table}\n\nIn all: ${host}. ${trafficOf(comparison)}`;
}
