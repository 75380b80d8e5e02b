import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Files, page } from './page';
import type { RehearsalReport, RunRecord } from './record';

/** What is known of a run before its files are read. */
export interface Outcome extends Omit<RehearsalReport, 'passed' | 'html' | 'runs'> {
  readonly runs: readonly Omit<RunRecord, 'files'>[];
}

/**
 * Files of a run's folder that are shown in the report, if they exist: first what should run, then what runs according
 * to the host, then logs.
 */
const FILES = [
  ...['rules-v4.txt', 'rules-v6.txt', 'rules-nft.txt', 'nginx.conf'],
  ...['bootstrap.log', 'access.log', 'console.log', 'cloud-init.log', 'cdk.log', 'endpoint.log'],
  ...['router.nft', 'balancer.log'],
];

/**
 * Writes `report.json` and `report.html` into the run's folder, and returns the report. If the run ended before it had
 * a folder, nothing is written.
 */
export async function writeReport(outcome: Outcome): Promise<RehearsalReport> {
  const { folder, checks, leftBehind, interrupted, failure } = outcome;
  const texts = await Promise.all(outcome.runs.map((run) => read(run, join(folder, run.name))));
  const written = existsSync(folder);
  const report: RehearsalReport = {
    ...outcome,
    passed:
      checks.length > 0 &&
      leftBehind.length === 0 &&
      checks.every(({ result }) => result !== 'failed') &&
      interrupted === undefined &&
      failure === undefined,
    ...(written ? { html: join(folder, 'report.html') } : {}),
    runs: outcome.runs.map((run, i) => ({ ...run, files: Object.keys(texts[i] ?? {}) })),
  };
  if (report.html === undefined) return report;
  const files: Files = Object.fromEntries(outcome.runs.map(({ name }, i) => [name, texts[i] ?? {}]));
  const style = await readFile(join(__dirname, 'page.css'), 'utf8');
  await writeFile(report.html, page(report, files, style));
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  return report;
}

/** The files that exist and are not empty, by name. */
async function read({ gateway }: Outcome['runs'][number], folder: string): Promise<Files[string]> {
  const rules = await readdir(join(folder, 'cdk.out')).catch(() => []);
  const promised = rules.filter((name) => name.endsWith('.rules.txt')).map((name) => join('cdk.out', name));
  const names = [...promised, ...FILES].map((name) =>
    name === 'console.log' ? `${gateway?.instanceId}-console.log` : name,
  );
  const read = names.map(async (name) => [name, await readFile(join(folder, name), 'utf8').catch(() => '')] as const);
  return Object.fromEntries((await Promise.all(read)).filter(([, text]) => text.trim() !== ''));
}
