import { readFile } from 'node:fs/promises';
import path from 'node:path';
import Table from 'cli-table3';
import type { PartResult } from './count';
import { closingLine, skipsByReason, totals } from './count';
import { duration } from './progress';

/** How many names are printed for each reason. The log has all of them. */
const NAMES_SHOWN = 3;

export function table(results: readonly PartResult[]): string {
  const plain = new Table({
    head: ['part', 'passed', 'failed', 'skipped', 'time'],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const { name, outcome, seconds } of results) {
    plain.push([name, outcome.passed, outcome.failed, outcome.skips.length, duration(seconds)]);
  }
  return plain.toString();
}

/** The end of a run: a table, what was skipped and why, what passed only in a second run, what failed and where its log is, and the closing line. */
export function summary(results: readonly PartResult[]): string {
  const lines = [table(results)];
  for (const [reason, names] of skipsByReason(results)) {
    const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : '';
    lines.push(`skipped: ${names.slice(0, NAMES_SHOWN).join('; ')}${more}`, `  because: ${reason}`);
  }
  for (const { outcome } of results) {
    for (const test of outcome.passedOnlyAlone ?? []) lines.push(`passed only alone: ${test}`);
  }
  for (const { name, outcome, log } of results) {
    if (outcome.failed > 0) lines.push(`failed: ${name}${log ? ` (${path.relative(process.cwd(), log)})` : ''}`);
  }
  return [...lines, closingLine(totals(results))].join('\n');
}

/** The last lines of a log, indented. */
export async function tail(file: string, lines = 40): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .trimEnd()
    .split('\n')
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join('\n');
}
