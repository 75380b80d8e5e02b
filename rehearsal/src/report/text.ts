import { relative } from 'node:path';
import { plainTable } from '../../../lib/plan/table';
import type { Scan } from '../checks';
import type { RehearsalReport } from './record';

const MARKS = { passed: 'ok', failed: 'FAILED', skipped: 'skipped' } as const;

/** The checks and the cases as tables, then one line with the result and the folder of the logs. */
export function reportText(report: RehearsalReport): string {
  const rows = report.checks.map(({ run, phase, what, result, seen = '' }) => [run, phase, what, MARKS[result], seen]);
  const table = plainTable(['run', 'when', 'what', 'result', 'seen'], rows, [10, 21, 62, 9, 60]);
  const cases = report.runs.flatMap(({ name, cases: own }) =>
    own.map((one) => [name, one.name, one.result, one.about]),
  );
  const caseTable = plainTable(['run', 'case', 'result', 'what happens'], cases);
  const left = report.leftBehind.map((thing) => `could not be cleaned up: ${thing}`);
  return [table, '', caseTable, '', ...left, reportLine(report), ...reportPath(report)].join('\n');
}

export function reportLine({ passed, checks, seconds, folder, interrupted }: RehearsalReport): string {
  const count = (result: string) => checks.filter((check) => check.result === result).length;
  const skipped = count('skipped') > 0 ? `, ${count('skipped')} skipped` : '';
  const ended = interrupted === undefined ? 'THE REHEARSAL FAILED' : `The rehearsal was ended by ${interrupted}`;
  const verdict = passed ? 'The rehearsal passed' : ended;
  return `${verdict}: ${count('passed')} checks passed, ${count('failed')} failed${skipped}, in ${seconds} s. Logs: ${relative('.', folder) || folder}`;
}

/** The line with the path of the browser's report, if there is one. */
export function reportPath({ html }: RehearsalReport): string[] {
  return html === undefined ? [] : [`Report, for a browser: ${relative('.', html)}`];
}

/** The most ports that the screen has columns for. If a host refuses connections, there may be a thousand. */
const COLUMNS = 12;

/**
 * Which party found which port, as a small table for the screen: one row for each party, one column for each port
 * found.
 */
export function scansTable(scans: readonly Scan[], phase: string): string {
  const own = scans.filter((scan) => scan.phase === phase);
  const found = [...new Set(own.flatMap(({ open, refused }) => [...open, ...refused]))].sort((a, b) => a - b);
  const ports = found.slice(0, COLUMNS);
  const rows = own.map(({ party, open, refused, tried }) => [
    party,
    ...ports.map((port) => (open.includes(port) ? '●' : refused.includes(port) ? '×' : '·')),
    `${open.length} open of ${tried}`,
  ]);
  const more = found.length > ports.length ? `and ${found.length - ports.length} more` : '';
  return plainTable(['', ...ports.map(String), more], rows).trimEnd();
}
