import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DEFAULT_CASES, loadCases } from '../../../rehearsal/src/cases';
import { html } from '../../../rehearsal/src/report/html';
import type { RehearsalReport } from '../../../rehearsal/src/report/record';
import { failed, needsVm, type Outcome, PASSED, type Part, type PartContext } from '../part';
import { LAB_TOOLS } from '../tools';

/** More cases than these did not fail because of what ran beside them. */
const MOST_CASES_ALONE = 2;

/**
 * Counts the rehearsal's checks. Whatever it could not clean up, and a failure without a check, also count as failed.
 */
export function rehearsalOutcome(report: RehearsalReport, exitCode: number): Outcome {
  const named = report.checks.map((check) => ({ ...check, name: `${check.run}, ${check.phase}: ${check.what}` }));
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

/**
 * The cases to run once more, alone, because of what else kept the processors busy. Empty if there is another reason
 * than failed checks, or too many cases failed for this to be the reason.
 */
export function casesAlone({ runs, checks, leftBehind, interrupted, failure }: RehearsalReport): readonly string[] {
  const cases = runs.flatMap((run) => run.cases);
  const others = checks.some(({ result, phase }) => result === 'failed' && !cases.some(({ name }) => name === phase));
  const ended = cases.every(({ result }) => result === 'passed' || result === 'failed');
  if (others || !ended || leftBehind.length > 0 || interrupted || failure) return [];
  const names = new Set(cases.filter(({ result }) => result === 'failed').map(({ name }) => name));
  return names.size > MOST_CASES_ALONE ? [] : [...names];
}

/** Counts what failed beside others and passed alone as passed, and names it. */
export function outcomeOfBoth(first: RehearsalReport, firstOutcome: Outcome, second: Outcome): Outcome {
  if (second.failed > 0)
    return { ...firstOutcome, notes: [...(firstOutcome.notes ?? []), 'and alone:', ...(second.notes ?? [])] };
  const broken = first.checks.filter(({ result }) => result === 'failed');
  return {
    ...firstOutcome,
    passed: firstOutcome.passed + broken.length,
    failed: firstOutcome.failed - broken.length,
    notes: [],
    passedOnlyAlone: broken.map(
      ({ run, phase, what, seen }) => `${run}, ${phase}: ${what} (first run: ${seen ?? 'no details'})`,
    ),
  };
}

/** Checks that the run wrote its page, with every check on it: one more test. */
export async function pageOutcome({ html: file, checks }: RehearsalReport): Promise<Outcome> {
  if (file === undefined) return failed('the rehearsal names no page with its report');
  const page = await readFile(file, 'utf8').catch(() => '');
  const missing = checks.filter(({ what }) => !page.includes(html`<span class="what">${what}</span>`.text));
  return page !== '' && missing.length === 0
    ? PASSED
    : failed(`not on the rehearsal's page ${file}: ${missing.map(({ what }) => what).join('; ')}`);
}

/** What `npm start` shows, and one case for each kind of trouble that a team fears: those that take a minute or two. */
const EVERY_TIME = [
  ...DEFAULT_CASES,
  ...['nginx-killed', 'backend-killed', 'diff', 'drift', 'someone-else', 'replace', 'live'],
];

/** The life of the shipped stack in a lab on this machine, with both engines, and of stacks that change. */
export const rehearsal: Part = {
  name: 'rehearsal',
  about: 'the life of the stack, in a lab on this machine, for both engines; changes and mishaps that take little time',
  limitMinutes: 30,
  tools: LAB_TOOLS,
  impossible: () => needsVm(),
  run: (context) => rehearse(context, EVERY_TIME),
};

/** The cases about one gateway, or those about a fleet. */
async function casesOf(isFleet: boolean): Promise<readonly string[]> {
  return (await loadCases()).filter((one) => (one.case.fleet !== undefined) === isFleet).map(({ name }) => name);
}

/** Everything that a team fears: some 50 minutes with emulated CPUs. */
export const cases: Part = {
  name: 'cases',
  about: 'every case of the rehearsal about one gateway',
  nightly: true,
  limitMinutes: 85,
  tools: LAB_TOOLS,
  impossible: () => needsVm(),
  run: async (context) => rehearse(context, await casesOf(false)),
};

/** What happens to several hosts: some 50 minutes with emulated CPUs. */
export const fleets: Part = {
  name: 'fleets',
  about: 'every case of the rehearsal about a fleet',
  nightly: true,
  limitMinutes: 85,
  tools: LAB_TOOLS,
  impossible: () => needsVm(),
  run: async (context) => rehearse(context, await casesOf(true)),
};

async function rehearse(context: PartContext, names: readonly string[]): Promise<Outcome> {
  const first = await rehearseOnce(context, 'report', names);
  if (first.report === undefined) return first.outcome;
  const alone = casesAlone(first.report);
  if (alone.length === 0) return first.outcome;
  context.report(`rehearsal: failed cases run once more, alone: ${alone.join(', ')}`);
  const second = await rehearseOnce(context, 'report-alone', alone);
  return outcomeOfBoth(first.report, first.outcome, second.outcome);
}

async function rehearseOnce(
  { root, folder, command }: PartContext,
  file: string,
  names: readonly string[],
): Promise<{ outcome: Outcome; report?: RehearsalReport }> {
  const stdoutFile = path.join(folder, `${file}.json`);
  const args = [path.join(root, 'bin', 'portway.js'), 'rehearse', '--json', '--case', ...names];
  const code = await command(process.execPath, args, { stdoutFile });
  const text = await readFile(stdoutFile, 'utf8');
  if (text.trim() === '') return { outcome: failed(`the rehearsal gave no report (exit code ${code})`) };
  const report = JSON.parse(text) as RehearsalReport;
  const outcome = rehearsalOutcome(report, code);
  const page = await pageOutcome(report);
  return {
    report,
    outcome: {
      ...outcome,
      passed: outcome.passed + page.passed,
      failed: outcome.failed + page.failed,
      notes: [...(outcome.notes ?? []), ...(page.notes ?? [])],
    },
  };
}
