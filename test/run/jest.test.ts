import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCommand } from './command';
import { jestOutcome } from './jest-report';
import { jestPart } from './parts/jest';
import { summary } from './report';

const report = (tests: [string, string][], status = 'passed') => ({
  testResults: [
    {
      ...{ name: '/a.test.ts', status, message: 'SyntaxError: what is this\n    at line 3' },
      assertionResults: tests.map(([fullName, result]) => ({ fullName, status: result, failureMessages: [] })),
    },
  ],
});

test('single tests are counted, skipped ones carry the reason in their title', () => {
  const tests: [string, string][] = [
    ['a works', 'passed'],
    ['b fails', 'failed'],
    ['boots (needs root) and forwards', 'pending'],
    ['later', 'todo'],
  ];
  expect(jestOutcome(report(tests, 'failed'), 1)).toEqual({
    ...{ passed: 1, failed: 1, notes: ['failed: b fails'] },
    skips: [
      { name: 'boots and forwards', reason: 'needs root' },
      { name: 'later', reason: 'marked as skipped in its file' },
    ],
  });
});

test('a file that could not be loaded is a failure, and so is an exit code that no test explains', () => {
  const broken = jestOutcome(report([], 'failed'), 1);
  expect(broken).toMatchObject({ failed: 1, notes: ['failed: /a.test.ts', '  SyntaxError: what is this'] });
  const unexplained = jestOutcome(report([['a', 'passed']]), 1);
  expect(unexplained.failed).toBe(1);
  expect(unexplained.notes?.[0]).toContain('exit code 1 although no test failed');
});

describe('files that fail run once more, alone', () => {
  jest.setTimeout(60_000);
  const root = path.join(__dirname, 'fixtures', 'jest');
  let folder: string;
  let told: string[];
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'portway-jest-'));
    told = [];
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const logged = (name = 'output.log') => readFileSync(path.join(folder, name), 'utf8');
  /** Runs these files of the fixture as a part, with real jest. */
  const run = (files: readonly string[], more: { again?: true } = { again: true }) => {
    const log = path.join(folder, 'output.log');
    const { signal } = new AbortController();
    const flags = files.map((file) => `--testPathPatterns=/${file}.fixture`);
    const part = jestPart({ name: 'fixture', about: 'tests of a test', limitMinutes: 1, workers: '2', ...more, flags });
    return part.run({
      ...{ root, folder, write: () => undefined, report: (line) => told.push(line) },
      command: (program, args, options) => runCommand(program, args, { cwd: root, ...options, log, signal }),
    });
  };

  test('what passes then counts as passed and is named in the summary; both outputs are kept', async () => {
    const outcome = await run(['once', 'sound']);
    const why = 'Error: expect(received).toBe(expected) // Object.is equality; Expected: "quick"; Received: "too slow"';
    const once = `once.fixture.js › once fails in its first run (first run: ${why})`;
    expect(outcome).toEqual({
      ...{ passed: 3, failed: 0, skips: [], notes: [] },
      passedOnlyAlone: [once],
    });
    expect(summary([{ name: 'fixture', seconds: 1, outcome }])).toContain(
      `passed only alone: ${once}\n3 passed, 0 failed`,
    );
    expect(told).toEqual(['fixture: failed files run once more, alone: once.fixture.js']);
    expect(logged()).toMatch(/FAIL [^\n]*once\.fixture.*--runInBand.*PASS [^\n]*once\.fixture/s);
    expect(JSON.parse(logged('jest.json'))).toMatchObject({ numFailedTests: 1 });
    expect(JSON.parse(logged('jest-alone.json'))).toMatchObject({ numFailedTests: 0 });
    // Files that passed do not run again.
    expect(logged('sound-runs')).toBe('ran\n');
  });

  test('what fails twice fails, and so does what fails only alone', async () => {
    const outcome = await run(['always-1', 'turns']);
    expect(outcome).toMatchObject({ passed: 1, failed: 2 });
    expect(outcome.notes?.filter((note) => note.startsWith('failed: ')).sort()).toEqual([
      'failed: always fails (1)',
      'failed: fails alone',
    ]);
    expect(outcome.notes).toContain('  Received: 1');
    expect(outcome.passedOnlyAlone).toEqual([
      expect.stringContaining('turns.fixture.js › fails at first (first run: '),
    ]);
  });

  test('a file that could be loaded only alone', async () => {
    expect(await run(['load-once'])).toMatchObject({
      ...{ passed: 1, failed: 0 },
      passedOnlyAlone: ['load-once.fixture.js › the whole file (first run: cannot load it yet)'],
    });
  });

  test('more than three files are real failures; nothing runs again', async () => {
    const outcome = await run(['once', 'always-1', 'always-2', 'always-3']);
    expect(outcome).toMatchObject({ passed: 1, failed: 4 });
    expect(outcome.passedOnlyAlone).toBeUndefined();
    expect(outcome.notes?.at(-1)).toBe('4 files failed: too many to run once more, alone (at most 3)');
    expect(told).toEqual([]);
  });

  test('other parts run their files once', async () => {
    expect(await run(['once'], {})).toMatchObject({ passed: 1, failed: 1 });
    expect(told).toEqual([]);
  });
});
