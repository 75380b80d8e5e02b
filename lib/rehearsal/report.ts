import { relative } from 'node:path';
import Table from 'cli-table3';
import type { RehearsalReport } from './rehearsal';

const MARKS = { passed: 'ok', failed: 'FAILED', skipped: 'skipped' } as const;

/** The checks as a table, then the one line that says how it went and where the logs are. */
export function reportText(report: RehearsalReport): string {
  const table = new Table({
    head: ['engine', 'when', 'what', 'result', 'seen'],
    style: { head: [], border: [] },
    colWidths: [10, 21, 58, 9, 60],
    wordWrap: true,
  });
  for (const { engine, phase, what, result, seen } of report.checks)
    table.push([engine, phase, what, MARKS[result], seen ?? '']);
  const left = report.leftBehind.map((thing) => `could not be cleaned up: ${thing}`);
  return [table.toString(), ...left, reportLine(report)].join('\n');
}

export function reportLine({ passed, checks, seconds, folder }: RehearsalReport): string {
  const count = (result: string) => checks.filter((check) => check.result === result).length;
  const skipped = count('skipped') > 0 ? `, ${count('skipped')} skipped` : '';
  const verdict = passed ? 'The rehearsal passed' : 'THE REHEARSAL FAILED';
  return `${verdict}: ${count('passed')} checks passed, ${count('failed')} failed${skipped}, in ${seconds} s. Logs: ${relative('.', folder) || folder}`;
}
