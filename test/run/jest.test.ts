import { jestOutcome } from './parts/jest';

const report = (tests: [string, string][], more: { failed?: number; broken?: number } = {}) => ({
  numPassedTests: tests.filter(([, status]) => status === 'passed').length,
  numFailedTests: tests.filter(([, status]) => status === 'failed').length,
  numRuntimeErrorTestSuites: more.broken ?? 0,
  testResults: [{ name: 'a.test.ts', assertionResults: tests.map(([fullName, status]) => ({ fullName, status })) }],
});

test('single tests are counted, skipped ones carry the reason in their title', () => {
  const outcome = jestOutcome(
    report([
      ['a works', 'passed'],
      ['b fails', 'failed'],
      ['boots (needs root) and forwards', 'pending'],
      ['later', 'todo'],
    ]),
    1,
  );
  expect(outcome.passed).toBe(1);
  expect(outcome.failed).toBe(1);
  expect(outcome.notes).toEqual(['failed: b fails']);
  expect(outcome.skips).toEqual([
    { name: 'boots and forwards', reason: 'needs root' },
    { name: 'later', reason: 'marked as skipped in its file' },
  ]);
});

test('a file that could not be loaded is a failure, and so is an exit code that no test explains', () => {
  expect(jestOutcome(report([['a', 'passed']], { broken: 1 }), 1).failed).toBe(1);
  const unexplained = jestOutcome(report([['a', 'passed']]), 1);
  expect(unexplained.failed).toBe(1);
  expect(unexplained.notes?.[0]).toContain('exit code 1 although no test failed');
});
