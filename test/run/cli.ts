import path from 'node:path';
import { Command } from 'commander';
import { ensurePackages } from '../../rehearsal/src/apt';
import { exitCode, totals } from './count';
import type { Part } from './part';
import { Progress } from './progress';
import { summary } from './report';
import { runParts } from './runner';
import { namesOf, select } from './select';
import { toolsOf } from './tools';

/** A run that hangs is ended before the CI's own limit cuts it off without a closing line. */
const WHOLE_RUN_MINUTES = 85;

interface Options {
  only: string[];
  skip: string[];
  list?: true;
  install: boolean;
}

const ROOT = path.join(__dirname, '..', '..');

/**
 * `npm test`: runs the parts and prints what they found.
 * @returns the exit code: 0 only if nothing failed and something passed
 */
export async function main(args: readonly string[], parts: readonly Part[]): Promise<number> {
  const program = new Command('npm test --')
    .description('Runs every test of the project and prints one closing line.')
    .option('--only <names>', 'run these parts or groups only (comma separated)', namesOf, [])
    .option('--skip <names>', 'leave these parts or groups out', namesOf, [])
    .option('--list', 'print the parts and end')
    .option('--no-install', 'install no Debian packages; parts that lack one are skipped')
    .allowExcessArguments(false)
    .exitOverride();
  let selected: Part[];
  try {
    program.parse([...args], { from: 'user' });
    const { only, skip, list } = program.opts<Options>();
    selected = select(parts, only, skip, list);
  } catch (error) {
    const { exitCode: code, message } = error as { exitCode?: number; message: string };
    if (code === undefined) console.error(`error: ${message}`);
    return code ?? 2;
  }
  const { list, install } = program.opts<Options>();
  if (list) {
    for (const part of selected) {
      const marks = [...(part.groups ?? []), ...(part.nightly ? ['by name only'] : [])];
      console.log(`${part.name.padEnd(12)} ${part.about}${marks.length > 0 ? ` [${marks.join(', ')}]` : ''}`);
    }
    return 0;
  }
  return runSelected(selected, install);
}

async function runSelected(selected: readonly Part[], install: boolean): Promise<number> {
  const logs = path.join(
    ROOT,
    '.rehearsal',
    `test-${new Date().toISOString().replace(/[-:]|\..*/g, '')}-${process.pid}`,
  );
  const progress = new Progress(process.stdout);
  const abort = new AbortController();
  const end = (reason: string) => abort.abort(new Error(reason));
  const handlers = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => {
    const handler = () => end(`ended by ${name}`);
    process.on(name, handler);
    return () => process.off(name, handler);
  });
  const timer = setTimeout(
    () => end(`the whole run was ended after ${WHOLE_RUN_MINUTES} minutes`),
    WHOLE_RUN_MINUTES * 60_000,
  );
  try {
    // Parts that cannot run here anyway need no tools.
    const possible = selected.filter((part) => part.impossible?.() === undefined);
    const missing = await ensurePackages(toolsOf(possible), { install, report: (line) => progress.line(line) });
    const results = await runParts(selected, { root: ROOT, logs, progress, missing, signal: abort.signal });
    console.log(`\nlogs: ${path.relative(process.cwd(), logs) || '.'}`);
    console.log(summary(results));
    return exitCode(totals(results));
  } finally {
    clearTimeout(timer);
    for (const off of handlers) off();
  }
}
