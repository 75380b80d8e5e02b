import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { CommanderError } from 'commander';
import { ensurePackages } from '../../rehearsal/src/apt';
import { HOST_TOOLS, needsLinuxRoot } from '../../test/host/support/needs';
import { countMain } from './count/main';
import { describeMachine, versions } from './lab/machine';
import type { Scenario } from './model';
import { type BenchOptions, readOptions } from './options';
import { DOCUMENT, runFolder } from './paths';
import { verdicts } from './report/bounds';
import { chartMarkdown, writeCharts } from './report/charts';
import { comparisons, losses } from './report/compare';
import { withReport } from './report/document';
import { markdown } from './report/markdown';
import { merged } from './report/merge';
import { checkText } from './report/text';
import type { Result, ScenarioResult } from './result';
import { runScenario, takingPart } from './run';
import { synthMain } from './synth/main';

const COMMITTED = join(__dirname, '../results/committed.json');
/** The folder of the charts, relative to the document. */
const CHARTS = 'performance';

/** `npm run bench`. @returns the exit code: 1 if something could not be measured, or if `--check` found a loss */
export async function main(args: readonly string[], all: readonly Scenario[]): Promise<number> {
  let options: BenchOptions;
  try {
    options = readOptions(args, all);
  } catch (error) {
    return (error as CommanderError).exitCode === 0 ? 0 : 2;
  }
  if (options.list) {
    for (const scenario of options.scenarios) console.log(listed(scenario, options.pace.quick));
    return 0;
  }
  if (options.count) return countMain(options);
  if (options.synth) return synthMain(options);
  const impossible = needsLinuxRoot();
  if (impossible !== undefined) {
    console.error(`error: the benchmark ${impossible}`);
    return 1;
  }
  const missing = await ensurePackages(HOST_TOOLS, { report: say });
  for (const { tool, reason } of missing) console.error(`error: ${tool} is missing: ${reason}`);
  if (missing.length > 0) return 1;
  const result = await measure(options);
  const folder = runFolder(result.date);
  await writeRun(result, folder);
  console.log(`\nresults, tables and charts: ${relative(process.cwd(), folder)}`);
  const committed = await readCommitted();
  const code = report(result, committed, options.check);
  if (options.record)
    await record(
      merged(
        committed,
        result,
        all.map(({ name }) => name),
      ),
    );
  return code;
}

async function measure({ scenarios, pace }: BenchOptions): Promise<Result> {
  const abort = new AbortController();
  // No further sample begins, and lanes are taken down in order.
  const end = () => abort.abort(new Error('ended by Ctrl-C'));
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  let packages: Readonly<Record<string, string>> | undefined;
  const results: ScenarioResult[] = [];
  const date = new Date().toISOString();
  try {
    for (const scenario of scenarios) {
      const samples = await runScenario(scenario, {
        pace,
        report: say,
        signal: abort.signal,
        onLane: async (lane) => {
          packages ??= await versions(lane);
        },
      });
      results.push({
        name: scenario.name,
        title: scenario.title,
        contenders: takingPart(scenario, pace.quick).map(({ name, title, ours, point }) => ({
          name,
          title,
          ...(ours === undefined ? {} : { ours }),
          ...(point === undefined ? {} : { point }),
        })),
        ...(scenario.axis === undefined ? {} : { axis: scenario.axis }),
        loads: scenario.loads.map((load) => ({ ...load, samples: samples[load.name] ?? {} })),
      });
    }
  } finally {
    process.off('SIGINT', end);
    process.off('SIGTERM', end);
  }
  return { format: 1, date, pace, machine: await describeMachine(), versions: packages ?? {}, scenarios: results };
}

/** Numbers with four significant digits: more would be noise. */
function json(result: Result): string {
  const short = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value);
  // One line for each contender's samples: small, and readable in a diff.
  const text = JSON.stringify(result, short, 1);
  return `${text.replace(/\{\s+"values": [\s\S]*?\n {5,7}\}(?=,?\n)/g, (sample) => sample.replace(/\s+/g, ' '))}\n`;
}

async function writeRun(result: Result, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'result.json'), json(result));
  await writeCharts(result, folder);
  await writeFile(
    join(folder, 'report.md'),
    markdown(result, (scenario) => chartMarkdown(scenario, '.')),
  );
}

async function record(result: Result): Promise<void> {
  await mkdir(join(COMMITTED, '..'), { recursive: true });
  await writeFile(COMMITTED, json(result));
  await writeCharts(result, join(DOCUMENT, '..', CHARTS));
  const text = markdown(result, (scenario) => chartMarkdown(scenario, CHARTS));
  await writeFile(DOCUMENT, withReport(await readFile(DOCUMENT, 'utf8'), text));
}

async function readCommitted(): Promise<Result | undefined> {
  return existsSync(COMMITTED) ? JSON.parse(await readFile(COMMITTED, 'utf8')) : undefined;
}

function report(result: Result, committed: Result | undefined, check: boolean): number {
  const judged = verdicts(result);
  const lost = committed === undefined ? [] : losses(result, committed);
  const compared = committed === undefined ? 0 : comparisons(result, committed);
  console.log(checkText(judged, lost, compared));
  return check && (lost.length > 0 || judged.some(({ holds }) => !holds)) ? 1 : 0;
}

function listed(scenario: Scenario, quick: boolean): string {
  return [
    `${scenario.name.padEnd(12)} ${scenario.about}`,
    `  contenders: ${takingPart(scenario, quick)
      .map(({ title }) => title)
      .join('; ')}`,
    ...scenario.loads.map(({ title, figures }) => `  ${title}: ${figures.map((figure) => figure.title).join(', ')}`),
    ...scenario.loads.flatMap(({ bounds }) =>
      bounds.map(({ title, atLeast, atMost }) => `  must hold: ${title}: ${atLeast ?? `at most ${atMost}`}`),
    ),
  ].join('\n');
}

function say(line: string): void {
  console.log(line);
}
