import path from 'node:path';
import type { Outcome, Skip } from './part';

/** The fields of jest's --json output that are read. */
export interface JestReport {
  readonly testResults: readonly JestFile[];
}

interface JestFile {
  /** Its absolute path. */
  readonly name: string;
  /** `failed` also if the file could not be loaded. It then has no tests. */
  readonly status: string;
  /** The messages of all its failures; empty if there is none. */
  readonly message: string;
  readonly assertionResults: readonly JestTest[];
}

interface JestTest {
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

/** Of a reason in one line of the summary, in characters. */
const REASON_LENGTH = 300;
/** How many lines of a failed test's message become notes. The log has all of it. */
const MESSAGE_LINES = 15;

/** The files of which a test failed, or which could not be loaded. */
export function failedFiles({ testResults }: JestReport): string[] {
  return testResults.filter(({ status }) => status === 'failed').map(({ name }) => name);
}

/** Counts single tests. A file that could not be loaded counts as one failed test. */
export function jestOutcome({ testResults }: JestReport, exitCode: number): Outcome {
  const tests = testResults.flatMap((file) => testsOf(file));
  const failures = tests.filter(({ status }) => status === 'failed');
  const notes = failures.flatMap(({ fullName, failureMessages }) => [
    `failed: ${fullName}`,
    ...messageLines(failureMessages).map((line) => `  ${line}`),
  ]);
  // jest may fail for another reason than a test, such as an error after the last one.
  const unexplained = exitCode !== 0 && failures.length === 0;
  if (unexplained) notes.push(`jest ended with exit code ${exitCode} although no test failed`);
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    failed: failures.length + (unexplained ? 1 : 0),
    skips: tests
      .filter(({ status }) => status !== 'passed' && status !== 'failed')
      .map(({ fullName }) => skipOf(fullName)),
    notes,
  };
}

/**
 * The outcome of a run of which the failed files ran once more. These files count as in their second run. A test that
 * failed first and did not run again has failed.
 * @param exitCode of the second run
 * @param root the project's folder; files are named by their path in it
 */
export function outcomeOfBoth(first: JestReport, second: JestReport, exitCode: number, root: string): Outcome {
  const again = new Map(second.testResults.map((file) => [file.name, file]));
  const passedOnlyAlone: string[] = [];
  const testResults = first.testResults.map((before) => {
    const after = again.get(before.name);
    if (after === undefined) return before;
    const lost: JestTest[] = [];
    for (const test of testsOf(before).filter(({ status }) => status === 'failed')) {
      const now = after.assertionResults.filter(({ fullName }) => fullName === test.fullName);
      const fileLoaded = test.fullName === before.name && after.status === 'passed';
      if (fileLoaded || (now.length > 0 && now.every(({ status }) => status === 'passed'))) {
        const file = path.relative(root, before.name);
        const title = fileLoaded ? 'the whole file' : test.fullName;
        const reason = reasonOf(test);
        passedOnlyAlone.push(`${file} › ${title} (first run: ${reason})`);
      } else if (!now.some(({ status }) => status === 'failed')) {
        lost.push(test);
      }
    }
    return { ...after, assertionResults: [...testsOf(after), ...lost] };
  });
  return { ...jestOutcome({ testResults }, exitCode), passedOnlyAlone };
}

/** A file's tests. One that could not be loaded stands for itself. */
function testsOf({ name, status, message, assertionResults }: JestFile): readonly JestTest[] {
  if (status !== 'failed' || assertionResults.some((test) => test.status === 'failed')) return assertionResults;
  return [...assertionResults, { fullName: name, status, failureMessages: [message] }];
}

/** The first line of a test's message, with what was expected and received. */
function reasonOf({ failureMessages }: JestTest): string {
  const [first = 'no message', ...others] = messageLines(failureMessages).map((line) => line.trim());
  return [first, ...others.filter((line) => /^(Expected|Received)\b/.test(line))].join('; ').slice(0, REASON_LENGTH);
}

/** The lines of a test's first message without its stack, or the empty list. */
function messageLines([message = '']: readonly string[]): string[] {
  const lines = message.split('\n').map((line) => line.trimEnd());
  const stack = lines.findIndex((line) => /^\s+at /.test(line));
  return lines
    .slice(0, stack === -1 ? undefined : stack)
    .filter((line) => line !== '' && line !== '  ● Test suite failed to run')
    .slice(0, MESSAGE_LINES);
}

/** The titles of skipped tests contain the reason: `... (needs root)`, `... (skipped: no /dev/net/tun)`. */
function skipOf(title: string): Skip {
  const found = / ?\((?:skipped: )?((?:needs|no|not|without|because)\b[^)]*)\)/i.exec(title);
  if (found === null) return { name: title, reason: 'marked as skipped in its file' };
  return { name: title.replace(found[0], ''), reason: found[1] ?? '' };
}
