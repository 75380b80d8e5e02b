import { relative } from 'node:path';
import { plainTable } from '../../table';
import type { Scan } from '../checks';
import type { RehearsalReport } from './record';

const MARKS = { passed: 'ok', failed: 'FAILED', skipped: 'skipped' } as const;

/** The checks as a table, then the one line that says how it went and where the logs are. */
export function reportText(report: RehearsalReport): string {
  const rows = report.checks.map(({ run, phase, what, result, seen = '' }) => [run, phase, what, MARKS[result], seen]);
  const table = plainTable(['run', 'when', 'what', 'result', 'seen'], rows, [10, 21, 62, 9, 60]);
  const left = report.leftBehind.map((thing) => `could not be cleaned up: ${thing}`);
  return [table, ...left, reportLine(report), ...reportPath(report)].join('\n');
}

export function reportLine({ passed, checks, seconds, folder, interrupted }: RehearsalReport): string {
  const count = (result: string) => checks.filter((check) => check.result === result).length;
  const skipped = count('skipped') > 0 ? `, ${count('skipped')} skipped` : '';
  const ended = interrupted === undefined ? 'THE REHEARSAL FAILED' : `The rehearsal was ended by ${interrupted}`;
  const verdict = passed ? 'The rehearsal passed' : ended;
  return `${verdict}: ${count('passed')} checks passed, ${count('failed')} failed${skipped}, in ${seconds} s. Logs: ${relative('.', folder) || folder}`;
}

/** The line that tells where the report for a browser is, when there is one. */
export function reportPath({ html }: RehearsalReport): string[] {
  return html === undefined ? [] : [`Report, for a browser: ${relative('.', html)}`];
}

/** Who found which ports, in one line for the screen: `stranger finds 80, 443; admin finds 22, 80, 443 (of 1043)`. */
export function scansLine(scans: readonly Scan[], phase: string): string {
  const own = scans.filter((scan) => scan.phase === phase);
  const found = own.map(({ party, open }) => `${party} finds ${open.length > 0 ? open.join(', ') : 'nothing'}`);
  return `${found.join('; ')} (of ${own[0]?.tried ?? 0})`;
}
