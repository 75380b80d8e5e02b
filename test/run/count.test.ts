import type { PartResult } from './count';
import { closingLine, exitCode, judged, skipsByReason, totals } from './count';
import type { Outcome } from './part';

const part = (name: string, outcome: Partial<Outcome>): PartResult => ({
  name,
  seconds: 1,
  outcome: { passed: 0, failed: 0, skips: [], ...outcome },
});

test('counts add up over the parts, and the closing line has one form', () => {
  const results = [
    part('a', { passed: 10, failed: 1, skips: [{ name: 'x', reason: 'r' }] }),
    part('b', { passed: 2 }),
    part('c', { skips: [{ name: 'c', reason: 'r' }] }),
  ];
  expect(totals(results)).toEqual({ passed: 12, failed: 1, skipped: 2 });
  expect(closingLine(totals(results))).toBe('12 passed, 1 failed, 2 skipped');
  expect([...skipsByReason(results)]).toEqual([['r', ['a: x', 'c']]]);
});

test('no part at all, or nothing but skips, is no success', () => {
  expect(exitCode(totals([]))).toBe(1);
  expect(exitCode({ passed: 0, failed: 0, skipped: 3 })).toBe(1);
  expect(exitCode({ passed: 1, failed: 0, skipped: 3 })).toBe(0);
  expect(exitCode({ passed: 99, failed: 1, skipped: 0 })).toBe(1);
});

test('a part that ran nothing has failed; one whose tests were all skipped has not', () => {
  expect(judged({ passed: 0, failed: 0, skips: [] }).failed).toBe(1);
  expect(judged({ passed: 0, failed: 0, skips: [{ name: 'x', reason: 'r' }] }).failed).toBe(0);
});
