import { appendFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Missing } from '../../rehearsal/src/apt';
import { runCommand } from './command';
import type { PartResult } from './count';
import { closingLine, judged, totals } from './count';
import type { Outcome, Part, PartContext } from './part';
import { failed } from './part';
import type { Progress } from './progress';
import { duration } from './progress';
import { tail } from './report';
import { lacking } from './tools';

export interface RunOptions {
  readonly root: string;
  /** Each part gets a folder in it. */
  readonly logs: string;
  readonly progress: Progress;
  /** Tools that could not be installed. */
  readonly missing: readonly Missing[];
  /**
   * Aborted on Ctrl-C, and when the whole run has taken too long: the running part is ended, and the rest is not
   * started.
   */
  readonly signal: AbortSignal;
}

/**
 * Runs the parts one after another, since several of them measure time or use both of the machine's cores. Goes on
 * after failures.
 */
export async function runParts(parts: readonly Part[], o: RunOptions): Promise<PartResult[]> {
  const results: PartResult[] = [];
  for (const [index, part] of parts.entries()) {
    const label = `[${String(index + 1).padStart(String(parts.length).length)}/${parts.length}] ${part.name}`;
    const result = await runPart(part, label, o);
    results.push(result);
    const { outcome, seconds } = result;
    const counts = closingLine(totals([result]));
    o.progress.end(`${label}: ${counts} (${duration(seconds)})`);
    for (const note of outcome.notes ?? []) o.progress.line(`    ${note}`);
    for (const test of outcome.passedOnlyAlone ?? []) o.progress.line(`    passed only alone: ${test}`);
    if (outcome.failed > 0 && result.log) o.progress.line(await tail(result.log));
  }
  return results;
}

async function runPart(part: Part, label: string, o: RunOptions): Promise<PartResult> {
  const { name } = part;
  const reason = part.impossible?.() ?? lacking(part, o.missing);
  if (reason !== undefined) {
    return { name, seconds: 0, outcome: { passed: 0, failed: 0, skips: [{ name, reason }] } };
  }
  if (o.signal.aborted) return { name, seconds: 0, outcome: failed(`not started: ${reasonOf(o.signal.reason)}`) };

  const folder = path.join(o.logs, name);
  await mkdir(folder, { recursive: true });
  const log = path.join(folder, 'output.log');
  const end = new AbortController();
  const endWithRun = () => end.abort(o.signal.reason);
  o.signal.addEventListener('abort', endWithRun, { once: true });
  const limit = new Error(`ended after its limit of ${part.limitMinutes} minutes`);
  const timer = setTimeout(() => end.abort(limit), part.limitMinutes * 60_000);
  const write = (line: string) => appendFileSync(log, `${line}\n`);
  const context: PartContext = {
    root: o.root,
    folder,
    write,
    report: (line) => o.progress.line(`    ${line}`),
    command: (program, args, options) =>
      runCommand(program, args, { cwd: o.root, ...options, log, signal: end.signal }),
  };
  write(`${name}: ${part.about}`);
  o.progress.start(label);
  const started = Date.now();
  let outcome: Outcome;
  try {
    outcome = judged(await part.run(context));
  } catch (error) {
    write(error instanceof Error ? (error.stack ?? error.message) : String(error));
    outcome = failed(reasonOf(error));
  }
  clearTimeout(timer);
  o.signal.removeEventListener('abort', endWithRun);
  // Ended from outside: what it had counted by then is not complete.
  if (end.signal.aborted) outcome = failed(reasonOf(end.signal.reason));
  return { name, outcome, log, seconds: (Date.now() - started) / 1000 };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
