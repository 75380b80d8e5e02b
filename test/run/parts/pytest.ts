import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Outcome, Part } from '../part';
import { failed } from '../part';
import { checkersPython } from '../python';
import { PYTHON_TOOLS } from '../tools';

/** Counts the tests of a report in JUnit's format. A file that could not be loaded counts as one failed test. */
export function pytestOutcome(report: string, exitCode: number): Outcome {
  const count = (name: string) => Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(report)?.[1] ?? 0);
  const bad = count('failures') + count('errors');
  const skips = [...report.matchAll(/<testcase [^>]*\bname="([^"]*)"[^>]*><skipped [^>]*\bmessage="([^"]*)"/g)];
  // pytest may fail for another reason than a test.
  const alone = exitCode !== 0 && bad === 0;
  return {
    passed: count('tests') - bad - count('skipped'),
    failed: bad + (alone ? 1 : 0),
    skips: skips.map(([, name = '', reason = '']) => ({ name, reason })),
    ...(alone ? { notes: [`pytest ended with exit code ${exitCode} although no test failed`] } : {}),
  };
}

/** Unit tests of the host's Python package. */
export const pytest: Part = {
  name: 'pytest',
  groups: ['static'],
  about: "unit tests of the host's Python package",
  tools: PYTHON_TOOLS,
  limitMinutes: 5,
  async run(context) {
    const interpreter = await checkersPython(context);
    const file = path.join(context.folder, 'junit.xml');
    const flags = ['-q', '-p', 'no:cacheprovider', '--strict-markers', `--junitxml=${file}`];
    const code = await context.command(interpreter, ['-B', '-m', 'pytest', ...flags, 'test/host-package']);
    const report = await readFile(file, 'utf8').catch(() => undefined);
    if (report === undefined) return failed(`pytest wrote no report (exit code ${code})`);
    return pytestOutcome(report, code);
  },
};
