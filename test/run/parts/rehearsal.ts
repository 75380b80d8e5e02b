import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { RehearsalReport } from '../../../lib/rehearsal/rehearsal';
import { failed, needsVm, type Outcome, type Part } from '../part';
import { LAB_TOOLS } from '../tools';

/** Counts the rehearsal's checks. What it could not clean up, and a failure that no check tells of, is a failure too. */
export function rehearsalOutcome(report: RehearsalReport, exitCode: number): Outcome {
  const named = report.checks.map((check) => ({ ...check, name: `${check.engine}, ${check.phase}: ${check.what}` }));
  const broken = named.filter(({ result }) => result === 'failed');
  const notes = broken.map(({ name, seen }) => `failed: ${name}${seen ? `: ${seen}` : ''}`);
  for (const left of report.leftBehind) notes.push(`left behind: ${left}`);
  if (notes.length === 0 && (exitCode !== 0 || !report.passed)) notes.push(`it ended with exit code ${exitCode}`);
  const skips = named.filter(({ result }) => result === 'skipped');
  return {
    passed: named.filter(({ result }) => result === 'passed').length,
    failed: notes.length,
    skips: skips.map(({ name, seen }) => ({ name, reason: seen ?? 'no reason was given' })),
    notes: notes.length === 0 ? notes : [...notes, `its own logs: ${report.folder}`],
  };
}

/** What `npm start` shows: the whole life of the shipped stack in a lab on this machine, for both engines. */
export const rehearsal: Part = {
  name: 'rehearsal',
  about: 'the whole life of the stack, in a lab on this machine, for both engines',
  limitMinutes: 30,
  tools: LAB_TOOLS,
  impossible: () => needsVm(),
  async run({ root, folder, command }) {
    const stdoutFile = path.join(folder, 'report.json');
    const args = ['--import', 'tsx', path.join(root, 'bin', 'portway.ts'), 'rehearse', '--json'];
    const code = await command(process.execPath, args, { stdoutFile });
    const text = await readFile(stdoutFile, 'utf8');
    if (text.trim() === '') return failed(`the rehearsal gave no report (exit code ${code})`);
    return rehearsalOutcome(JSON.parse(text) as RehearsalReport, code);
  },
};
