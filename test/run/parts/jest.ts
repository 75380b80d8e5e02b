import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { HOST_TOOLS } from '../../host/support/needs';
import type { Outcome, Part, Skip } from '../part';
import { failed } from '../part';
import { ARM64_TOOLS, BROWSER_TOOLS, LAB_TOOLS } from '../tools';
import { nodeBin } from './node-bin';

/** The fields of jest's --json output that are read. */
export interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** Counts single tests. A file that could not be loaded counts as one failed test. */
export function jestOutcome(report: JestReport, exitCode: number): Outcome {
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const skips = tests
    .filter(({ status }) => status !== 'passed' && status !== 'failed')
    .map(({ fullName }) => skipOf(fullName));
  const counted = report.numFailedTests + report.numRuntimeErrorTestSuites;
  const notes = tests.filter(({ status }) => status === 'failed').map(({ fullName }) => `failed: ${fullName}`);
  // jest may fail for another reason than a test, such as an error after the last one.
  const alone = exitCode !== 0 && counted === 0;
  if (alone) notes.push(`jest ended with exit code ${exitCode} although no test failed`);
  return { passed: report.numPassedTests, failed: counted + (alone ? 1 : 0), skips, notes };
}

/** The titles of skipped tests contain the reason: `... (needs root)`, `... (skipped: no /dev/net/tun)`. */
function skipOf(title: string): Skip {
  const found = / ?\((?:skipped: )?((?:needs|no|not|without|because)\b[^)]*)\)/i.exec(title);
  if (found === null) return { name: title, reason: 'marked as skipped in its file' };
  return { name: title.replace(found[0], ''), reason: found[1] ?? '' };
}

interface JestPart extends Omit<Part, 'run'> {
  /** The project in jest.config.js. Default: the part's name. */
  readonly project?: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

function jestPart({ project, flags = [], env = {}, ...part }: JestPart): Part {
  return {
    ...part,
    async run({ command, folder }) {
      const file = path.join(folder, 'jest.json');
      // --ci: a missing snapshot fails instead of being written.
      const args = ['--selectProjects', project ?? part.name, '--ci', '--json', '--outputFile', file, ...flags];
      const code = await command(...nodeBin('jest', ...args), {
        stdoutFile: path.join(folder, 'stdout.json'),
        env: { PORTWAY_TEST_FOLDER: folder, ...env },
      });
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text === undefined) return failed(`jest wrote no report (exit code ${code})`);
      return jestOutcome(JSON.parse(text) as JestReport, code);
    },
  };
}

export const unit = jestPart({
  name: 'unit',
  groups: ['jest'],
  about: 'unit tests and snapshots (jest)',
  limitMinutes: 10,
  // By default jest leaves one core free, which is half of a small machine.
  flags: ['--maxWorkers=100%'],
});

export const browser = jestPart({
  name: 'browser',
  groups: ['jest'],
  about: "the rehearsal's report, looked at in headless Chromium (jest)",
  tools: BROWSER_TOOLS,
  limitMinutes: 5,
});

export const host = jestPart({
  name: 'host',
  groups: ['jest'],
  about: "the host's scripts, with real kernel rules and real nginx in network namespaces (jest)",
  tools: HOST_TOOLS,
  limitMinutes: 40,
  // They mostly wait. With more workers, the tests' time limits become too short.
  flags: ['--maxWorkers=2'],
});

export const lab = jestPart({
  name: 'lab',
  groups: ['jest'],
  about: "the rehearsal's own parts: local AWS endpoint, images, network, VM (jest)",
  tools: LAB_TOOLS,
  limitMinutes: 45,
  // A VM keeps one core busy.
  flags: ['--maxWorkers=2'],
});

export const arm64 = jestPart({
  name: 'arm64',
  nightly: true,
  about: 'Debian 13 for arm64, booted in software: both engines on one gateway (jest)',
  tools: ARM64_TOOLS,
  limitMinutes: 80,
  project: 'lab',
  flags: ['--runInBand', '--testPathPatterns', 'rehearsal/test/operating-systems'],
  env: { PORTWAY_TEST_SYSTEMS: 'debian-13/arm64' },
});

export const changes = jestPart({
  name: 'changes',
  nightly: true,
  about:
    '117 changes of a live host, one after the other, while clients of the other forwards count what they lose (jest)',
  tools: HOST_TOOLS,
  limitMinutes: 40,
  project: 'host',
  flags: ['--runInBand', '--testPathPatterns', 'test/host/live-traffic'],
  env: { PORTWAY_TEST_ROUNDS: '9' },
});
