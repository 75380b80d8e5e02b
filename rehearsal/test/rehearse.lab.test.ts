import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeAsRoot } from '../../test/support/as-root';
import type { RehearsalCase } from '../src/case';
import type { NamedCase } from '../src/cases';
import { look } from '../src/look';
import { rehearse } from '../src/rehearsal';
import { reportText } from '../src/report/text';
import { planRuns } from '../src/runs';

const CASES: Readonly<Record<string, RehearsalCase>> = {
  seen: {
    about: 'all that the plan promises is there',
    steps: [
      { title: 'look', run: (stage, note) => look(stage, note) },
      {
        title: 'watch and log in',
        run: async ({ watch, ssh, checks, phase }) => {
          const watching = watch();
          const { stdout } = await ssh('id -un');
          await sleep(2000);
          const { requests, lost } = await watching.stop();
          checks.expect(phase, 'nothing is lost', requests > 10 && lost === 0, `${lost} of ${requests}`);
          checks.expect(phase, 'the admin is in', stdout.trim() === 'admin', stdout);
        },
      },
    ],
  },
  breaks: {
    about: 'a case that fails by an error',
    steps: [
      { title: 'break', run: () => Promise.reject(new Error('it broke, on purpose')) },
      { title: 'never', run: async ({ checks, phase }) => checks.failed(phase, 'this is never run', '') },
    ],
  },
  after: {
    about: 'a case after one that failed, which refuses its check',
    steps: [{ title: 'look', run: async ({ checks, phase }) => void checks.expect(phase, 'two is one', false, 'no') }],
  },
};

const APP = 'node --require ./bin/typescript.js rehearsal/test/support/team-app.ts';

describeAsRoot('a rehearsal of cases', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'portway-cases-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('runs them on one gateway, one that fails among them, and leaves nothing', async () => {
    const cases: NamedCase[] = Object.entries(CASES).map(([name, one]) => ({ name, case: one }));
    const runs = planRuns(cases, { stack: 'Team', app: APP, engines: [], context: {} });
    const report = await rehearse({ runs, keep: false, quiet: true, folder });
    const of = (phase: string) => report.checks.filter((check) => check.phase === phase);
    const failed = report.checks.filter(({ result }) => result === 'failed');
    expect(failed.map(({ phase, what, seen }) => `${phase}: ${what}: ${seen}`)).toEqual([
      'breaks: break: it broke, on purpose',
      'after: two is one: no',
    ]);
    expect(report).toMatchObject({ passed: false, leftBehind: [], runs: [{ name: 'Team' }] });
    expect(report.runs[0]?.cases.map(({ name, result }) => `${name} ${result}`)).toEqual([
      'seen passed',
      'breaks failed',
      'after failed',
    ]);
    expect(of('deploy').filter(({ result }) => result === 'skipped')).toEqual([
      expect.objectContaining({ what: 'forward named is tried', seen: expect.stringContaining('mail.example.com') }),
    ]);
    expect(of('seen').map(({ what }) => what)).toEqual(
      expect.arrayContaining([
        'stranger asks web on 80, and a redirect to https:// answers',
        'stranger asks secure on 443 (shop.example.com/), and 10.0.1.10:8080 answers',
        'stranger asks secure on 443 (shop.example.com/api), and 10.0.1.20:9000 answers',
        'stranger asks secure on 443 (any.apps.example.com/), and the gateway:9090 answers',
        'stranger asks game on 27016, and 10.0.1.20:27016 (UDP) answers',
        '192.0.2.129 asks office on 8081, and 10.0.1.30:80 answers',
        'stranger gets nothing of office on 8081',
        'stranger finds 80, 443, perhaps 25, no other port (1043 scanned)',
      ]),
    );
    expect(of('destroy').map(({ result }) => result)).toEqual(['passed', 'passed']);
    expect(reportText(report)).toContain('breaks');
    expect(readFileSync(report.html ?? '', 'utf8')).toContain('a case that fails by an error');
    expect(existsSync(path.join(report.folder, 'Team', 'bootstrap.log'))).toBe(true);
    expect(readdirSync('/run/netns').filter((name) => name.includes(path.basename(report.folder)))).toEqual([]);
  }, 900_000);
});
