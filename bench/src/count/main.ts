import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { ensurePackages } from '../../../rehearsal/src/apt';
import { TOOLS } from '../../../rehearsal/src/doctor';
import { ARM_TOOLS } from '../../../rehearsal/src/vm/machine';
import { HOST_TOOLS, needsLinuxRoot } from '../../../test/host/support/needs';
import type { BenchOptions } from '../options';
import { CAPACITY, DOCUMENT, runFolder } from '../paths';
import { writeCharts } from '../report/charts';
import { countBoots } from './boot/boots';
import { BOOT } from './boot/section';
import { countVerdicts } from './bounds';
import { withCapacity } from './capacity';
import { count } from './count';
import { comparable, countLosses } from './losses';
import { withCounts } from './page';
import { countMarkdown, countText, lossText } from './report';
import type { Counted } from './result';
import { SECTIONS } from './subjects';
import { waysChart } from './ways';

const COMMITTED = join(__dirname, '../../results/counted.json');

/** `npm run bench -- --count`. @returns the exit code */
export async function countMain({ sections, firstBoots, pace, check, record }: BenchOptions): Promise<number> {
  const impossible = needsLinuxRoot();
  if (impossible !== undefined) {
    console.error(`error: counting ${impossible}`);
    return 1;
  }
  const isArm = sections.some(({ architecture }) => architecture === 'arm64');
  const tools = { ...HOST_TOOLS, ...(firstBoots ? TOOLS : {}), ...(isArm ? ARM_TOOLS : {}) };
  const missing = await ensurePackages(tools, { report: console.log });
  for (const { tool, reason } of missing) console.error(`error: ${tool} is missing: ${reason}`);
  if (missing.length > 0) return 1;
  const abort = new AbortController();
  const end = () => abort.abort(new Error('ended by Ctrl-C'));
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  const committed: Counted | undefined = existsSync(COMMITTED)
    ? JSON.parse(await readFile(COMMITTED, 'utf8'))
    : undefined;
  let result: Counted | undefined;
  const how = { boots: pace.rounds, report: console.log, signal: abort.signal };
  const counts = sections.map((section) => () => count({ section, ...how }));
  if (firstBoots) counts.push(() => countBoots({ ...how, timed: record }));
  for (const counting of counts) {
    const counted = await counting();
    result = merged(result, counted);
    // At once: a failure of a later section costs no earlier one.
    if (record) await commit(merged(committed, result));
  }
  if (result === undefined) throw new Error('there is nothing to count');
  const judged = countVerdicts(result, committed);
  const lost = committed === undefined ? [] : countLosses(result, committed);
  console.log(`\n${countText(result, judged)}`);
  if (committed !== undefined) console.log(`\n${lossText(lost, comparable(result, committed))}`);
  const folder = runFolder(result.date);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'counted.json'), json(result));
  await writeFile(join(folder, 'counted.md'), countMarkdown(result));
  console.log(`\nresult and tables: ${relative(process.cwd(), folder)}`);
  return check && (lost.length > 0 || judged.some(({ fails }) => fails)) ? 1 : 0;
}

/** An earlier run with the sections of this one in place of its own. */
function merged(earlier: Counted | undefined, result: Counted): Counted {
  const all = [...result.sections, ...(earlier?.sections ?? [])];
  const names = [...SECTIONS, BOOT].map(({ name }) => name);
  return { ...result, sections: names.flatMap((name) => all.find((section) => section.name === name) ?? []) };
}

async function commit(counted: Counted): Promise<void> {
  const text = json(counted);
  await writeFile(COMMITTED, text);
  // The pages say what the file says, which is rounded: a test writes them from it again.
  const result: Counted = JSON.parse(text);
  await writeFile(DOCUMENT, withCounts(await readFile(DOCUMENT, 'utf8'), result));
  await writeFile(CAPACITY, withCapacity(await readFile(CAPACITY, 'utf8'), result));
  await writeCharts({ scenarios: [waysChart(result)] }, join(DOCUMENT, '../performance'));
}

/** A line for each subject's load: small, and readable in a diff. */
function json(result: Counted): string {
  const text = JSON.stringify(result, (_, value) => (typeof value === 'number' ? Math.round(value) : value), 1);
  return `${text.replace(/\[[\d,\s]+\]/g, (numbers) => numbers.replace(/\s+/g, ' '))}\n`;
}
