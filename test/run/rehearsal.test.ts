import type { CaseRecord, RehearsalReport } from '../../rehearsal/src/report/record';
import { casesAlone, outcomeOfBoth, rehearsalOutcome } from './parts/rehearsal';

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
  portway: { version: '1.2.3' },
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

describe('cases that run once more, alone', () => {
  const runs = (...cases: [string, CaseRecord['result']][]): RehearsalReport['runs'] => [
    {
      ...{ name: 'nginx', steps: [], hosts: [], events: [], scans: [], files: [] },
      cases: cases.map(([name, result]) => ({ name, about: name, result })),
    },
  ];
  const slow = report([check('a', 'passed'), check('b', 'failed', '3.1 s')], {
    runs: runs(['first-boot', 'passed'], ['reboot', 'failed']),
  });

  test('are those with failed checks', () => {
    expect(casesAlone(slow)).toEqual(['reboot']);
    expect(casesAlone(report([check('a', 'passed')], { runs: runs(['reboot', 'passed']) }))).toEqual([]);
  });

  test.each<[string, Partial<RehearsalReport>]>([
    ['too many cases', { runs: runs(['reboot', 'failed'], ['a', 'failed'], ['b', 'failed']) }],
    ['a case that was not run', { runs: runs(['reboot', 'failed'], ['a', 'not run']) }],
    ['a check of no case', { runs: runs(['other', 'failed']) }],
    ['something left behind', { leftBehind: ['namespace x'] }],
    ['an interrupted run', { interrupted: 'SIGINT' }],
    ['a lab that could not be built', { failure: 'no memory' }],
  ])('are none after %s', (_, more) => {
    expect(casesAlone({ ...slow, ...more })).toEqual([]);
  });

  test('count as passed if they pass, and are named', () => {
    const both = outcomeOfBoth(slow, rehearsalOutcome(slow, 1), { passed: 5, failed: 0, skips: [] });
    expect(both).toMatchObject({ passed: 2, failed: 0, passedOnlyAlone: ['nginx, reboot: b (first run: 3.1 s)'] });
  });

  test('have failed if they fail again', () => {
    const again = rehearsalOutcome(report([check('b', 'failed', '4 s')]), 1);
    const both = outcomeOfBoth(slow, rehearsalOutcome(slow, 1), again);
    expect(both).toMatchObject({ passed: 1, failed: 1 });
    expect(both.notes).toContain('failed: nginx, reboot: b: 4 s');
  });
});
