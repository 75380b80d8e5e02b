import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describeMachine } from '../lab/machine';
import type { BenchOptions } from '../options';
import { DOCUMENT, ROOT, runFolder } from '../paths';
import { verdicts } from '../report/bounds';
import { comparisons, losses } from '../report/compare';
import { markdown } from '../report/markdown';
import { checkText } from '../report/text';
import type { Result } from '../result';
import { runScenario, takingPart } from '../run';
import { builtPackage } from './package';
import { withSynth } from './page';
import { synthScenario } from './scenario';

const COMMITTED = join(ROOT, 'bench/results/synth.json');

/** `npm run bench -- --synth`. @returns the exit code */
export async function synthMain({ pace, check, record }: BenchOptions): Promise<number> {
  const scenario = synthScenario(await builtPackage());
  const samples = await runScenario(scenario, { pace, report: console.log });
  const date = new Date().toISOString();
  const contenders = takingPart(scenario, pace.quick).map(({ name, title, ours }) => ({
    name,
    title,
    ...(ours === undefined ? {} : { ours }),
  }));
  const loads = scenario.loads.map((load) => ({ ...load, samples: samples[load.name] ?? {} }));
  const result: Result = {
    format: 1,
    date,
    pace,
    machine: await describeMachine(),
    versions: { Node: process.version, 'aws-cdk-lib': await versionOf('aws-cdk-lib') },
    scenarios: [{ name: scenario.name, title: scenario.title, contenders, loads }],
  };
  const folder = runFolder(date);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'synth.json'), json(result));
  await writeFile(join(folder, 'synth.md'), markdown(result));
  console.log(`\nresult and tables: ${relative(process.cwd(), folder)}\n`);
  const committed: Result | undefined = existsSync(COMMITTED)
    ? JSON.parse(await readFile(COMMITTED, 'utf8'))
    : undefined;
  const lost = committed === undefined ? [] : losses(result, committed);
  const judged = verdicts(result);
  console.log(checkText(judged, lost, committed === undefined ? 0 : comparisons(result, committed)));
  if (record) {
    await writeFile(COMMITTED, json(result));
    await writeFile(DOCUMENT, withSynth(await readFile(DOCUMENT, 'utf8'), result));
  }
  return check && (lost.length > 0 || judged.some(({ holds }) => !holds)) ? 1 : 0;
}

async function versionOf(name: string): Promise<string> {
  return JSON.parse(await readFile(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')).version;
}

/** A line for each sample. */
function json(result: Result): string {
  const text = JSON.stringify(result, (_, value) => (typeof value === 'number' ? Number(value.toFixed(3)) : value), 1);
  return `${text.replace(/\{\s+"values": [\s\S]*?\}\s+\}/g, (sample) => sample.replace(/\s+/g, ' '))}\n`;
}
