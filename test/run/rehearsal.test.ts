import type { RehearsalReport } from '../../rehearsal/src/report/record';
import { rehearsalOutcome } from './parts/rehearsal';

const check = (what: string, result: 'passed' | 'failed' | 'skipped', seen?: string) => ({
  run: 'nginx',
  phase: 'reboot',
  what,
  result,
  at: 1,
  ...(seen === undefined ? {} : { seen }),
});
const report = (checks: RehearsalReport['checks'], more: Partial<RehearsalReport> = {}): RehearsalReport => ({
  passed: checks.every(({ result }) => result !== 'failed'),
  began: '2026-01-02T03:04:05.000Z',
  seconds: 1,
  folder: '/logs',
  checks,
  leftBehind: [],
  preparation: [],
  runs: [],
  ...more,
});

test('each check counts, failures and skips tell what was seen', () => {
  const outcome = rehearsalOutcome(
    report([check('a', 'passed'), check('b', 'failed', 'timeout'), check('c', 'skipped', 'no IPv6')]),
    1,
  );
  expect(outcome).toMatchObject({ passed: 1, failed: 1, skips: [{ name: 'nginx, reboot: c', reason: 'no IPv6' }] });
  expect(outcome.notes).toEqual(['failed: nginx, reboot: b: timeout', 'its own logs: /logs']);
});

test('what is left behind, and an exit code that no check explains, are failures', () => {
  expect(rehearsalOutcome(report([check('a', 'passed')], { leftBehind: ['namespace x'] }), 1).failed).toBe(1);
  expect(rehearsalOutcome(report([check('a', 'passed')]), 2)).toMatchObject({ passed: 1, failed: 1 });
  expect(rehearsalOutcome(report([check('a', 'passed')]), 0)).toMatchObject({ passed: 1, failed: 0, notes: [] });
});
