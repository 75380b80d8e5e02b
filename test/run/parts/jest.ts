import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { HOST_TOOLS } from '../../host/support/needs';
import { failedFiles, type JestReport, jestOutcome, outcomeOfBoth } from '../jest-report';
import type { Part, PartContext } from '../part';
import { failed } from '../part';
import { ARM64_TOOLS, BROWSER_TOOLS, LAB_TOOLS } from '../tools';
import { nodeBin } from './node-bin';

/** More files than these did not fail because of what ran beside them. */
const MOST_FILES_ALONE = 3;

interface JestPart extends Omit<Part, 'run'> {
  /** The project in jest.config.js. Default: the part's name. */
  readonly project?: string;
  readonly flags?: readonly string[];
  /** How many files run at once; `100%`: one for each core. Default: one less. */
  readonly workers?: string;
  /** Files that fail run once more, alone, after the others. */
  readonly again?: true;
  readonly env?: Readonly<Record<string, string>>;
}

export function jestPart({ project, flags = [], workers, again, env = {}, ...part }: JestPart): Part {
  const runOnce = async ({ command, folder }: PartContext, name: string, ...more: readonly string[]) => {
    const file = path.join(folder, `${name}.json`);
    // --ci: a missing snapshot fails instead of being written.
    const args = ['--selectProjects', project ?? part.name, '--ci', '--json', '--outputFile', file, ...more];
    const code = await command(...nodeBin('jest', ...args), {
      stdoutFile: path.join(folder, `${name}-stdout.json`),
      env: { PORTWAY_TEST_FOLDER: folder, ...env },
    });
    const text = await readFile(file, 'utf8').catch(() => undefined);
    return { code, report: text === undefined ? undefined : (JSON.parse(text) as JestReport) };
  };
  return {
    ...part,
    async run(context) {
      const parallel = workers === undefined ? [] : [`--maxWorkers=${workers}`];
      const first = await runOnce(context, 'jest', ...parallel, ...flags);
      if (first.report === undefined) return failed(`jest wrote no report (exit code ${first.code})`);
      const outcome = jestOutcome(first.report, first.code);
      const files = failedFiles(first.report);
      if (!again || files.length === 0) return outcome;
      const withNote = (note: string) => ({ ...outcome, notes: [...(outcome.notes ?? []), note] });
      if (files.length > MOST_FILES_ALONE) {
        return withNote(`${files.length} files failed: too many to run once more, alone (at most ${MOST_FILES_ALONE})`);
      }
      context.report(
        `${part.name}: failed files run once more, alone: ${files.map((f) => path.basename(f)).join(', ')}`,
      );
      const second = await runOnce(context, 'jest-alone', '--runInBand', '--runTestsByPath', ...files);
      if (second.report === undefined) return withNote(`the second run wrote no report (exit code ${second.code})`);
      return outcomeOfBoth(first.report, second.report, second.code, context.root);
    },
  };
}

export const unit = jestPart({
  name: 'unit',
  groups: ['jest'],
  about: 'unit tests and snapshots (jest)',
  limitMinutes: 15,
  // By default jest leaves one core free, which is half of a small machine.
  workers: '100%',
});

export const browser = jestPart({
  name: 'browser',
  groups: ['jest'],
  about: "the rehearsal's report, looked at in headless Chromium (jest)",
  tools: BROWSER_TOOLS,
  limitMinutes: 5,
});

/** Host tests of what few changes touch: another distribution's programs, a fleet's certificate and logs, and the benchmark's own. */
const SELDOM = ['test/host/amazon-linux', 'test/host/fleet-certificate', 'test/host/fleet-logs', 'bench/test/host'];

export const host = jestPart({
  name: 'host',
  groups: ['jest'],
  about: "the host's scripts, with real kernel rules and real nginx in network namespaces (jest)",
  tools: HOST_TOOLS,
  limitMinutes: 40,
  flags: ['--testPathIgnorePatterns', '/node_modules/', ...SELDOM],
  // They mostly wait: each takes a third of a core.
  workers: '5',
  again: true,
});

export const hostNightly = jestPart({
  name: 'host-nightly',
  nightly: true,
  about:
    "host tests of what few changes touch: Amazon Linux's programs, a fleet's certificate and logs, and the benchmark's own (jest)",
  tools: HOST_TOOLS,
  limitMinutes: 20,
  project: 'host',
  flags: ['--runInBand', '--testPathPatterns', ...SELDOM],
});

/** What takes long in the lab, and few changes touch. */
const SELDOM_IN_LAB = [
  ...[
    'rehearsal/test/aws/fleet-(existing|ipv6|machine|types)',
    'rehearsal/test/fleet/cases',
    'test/operate/fleet/commands',
  ],
  ...['test/operate/hosts/hosts', 'test/operate/ssh/tunnel'],
  // Each boots a VM for what the others show of Debian 13, or host tests of certbot.
  ...['rehearsal/test/operating-systems', 'rehearsal/test/certificates.lab'],
];

export const lab = jestPart({
  name: 'lab',
  groups: ['jest'],
  about: "the rehearsal's own parts: local AWS endpoint, images, network, VM (jest)",
  tools: LAB_TOOLS,
  limitMinutes: 45,
  flags: ['--testPathIgnorePatterns', '/node_modules/', ...SELDOM_IN_LAB],
  // A VM keeps one core busy, the CLI half of one.
  workers: '3',
  again: true,
});

export const labNightly = jestPart({
  name: 'lab-nightly',
  nightly: true,
  about:
    "what takes long in the lab: replacing a fleet's hosts, a fleet in an existing VPC and one with IPv6 through the real CLI, what somebody changes by hand in a fleet, its hosts asked by ssh, a login through a tunnel, Debian 12 booted, a certificate that a timer brings (jest)",
  tools: LAB_TOOLS,
  limitMinutes: 40,
  project: 'lab',
  flags: ['--runInBand', '--testPathPatterns', ...SELDOM_IN_LAB],
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
