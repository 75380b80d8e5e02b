import { verdicts } from '../src/report/bounds';
import { comparisons, losses } from '../src/report/compare';
import { load, result, samples } from './support';

const before = result(
  load({ direct: samples([100, 100, 100], [2, 2, 2]), ours: samples([95, 97, 99], [2, 2.2, 2.4]) }),
);

function now(requests: readonly number[], p99: readonly number[] = [2, 2.2, 2.4]) {
  return result(load({ direct: samples([50, 50, 50], [2, 2, 2]), ours: samples(requests, p99) }));
}

describe('against the committed run', () => {
  test('half the rate of everything is no loss: another machine', () => {
    expect(losses(now([47.5, 48.5, 49.5]), before)).toEqual([]);
    expect(comparisons(now([47.5, 48.5, 49.5]), before)).toBe(2);
  });

  test('a ratio whose every round is worse than every committed round is a loss', () => {
    expect(losses(now([40, 42, 44]), before)).toEqual([
      {
        scenario: 'http',
        load: 'kept',
        figure: 'requests',
        contender: 'ours',
        against: 'direct',
        before: { median: 0.97, lowest: 0.95, highest: 0.99, count: 3 },
        now: { median: 0.84, lowest: 0.8, highest: 0.88, count: 3 },
      },
    ]);
  });

  test('within the spread it is none: one round was as good as the worst one then', () => {
    expect(losses(now([40, 42, 47.6]), before)).toEqual([]);
  });

  test('better is none, and where lower is better, higher is a loss', () => {
    expect(losses(now([60, 61, 62], [1, 1, 1]), before)).toEqual([]);
    expect(losses(now([48, 48, 48], [4, 5, 6]), before)).toMatchObject([{ figure: 'p99', against: 'direct' }]);
  });

  test('less than two percent is none, however sure it is', () => {
    const sure = result(load({ direct: samples([100, 100]), ours: samples([97, 97]) }));
    expect(losses(now([48, 48]), sure)).toEqual([]);
    expect(losses(now([47, 47]), sure)).toHaveLength(1);
  });

  test('what was not measured then, or is not now, is passed over', () => {
    const other = result(load({ haproxy: samples([100]), ours: samples([1]) }));
    expect(losses(other, before)).toEqual([]);
    expect(comparisons(other, before)).toBe(0);
  });

  test('what others lose against each other is not ours', () => {
    const then = result(load({ a: samples([100]), b: samples([100]) }));
    expect(losses(result(load({ a: samples([100]), b: samples([1]) })), then)).toEqual([]);
  });
});

describe('bounds', () => {
  const bound = { figure: 'requests', contender: 'ours', title: 'requests' };
  const judge = (more: object) =>
    verdicts(result(load({ direct: samples([100, 100, 100]), ours: samples([90, 96, 99]) }, [{ ...bound, ...more }])));

  test('the median counts', () => {
    expect(judge({ against: 'direct', atLeast: 0.96 })).toMatchObject([{ value: 0.96, holds: true }]);
    expect(judge({ against: 'direct', atLeast: 0.97 })).toMatchObject([{ value: 0.96, holds: false }]);
    expect(judge({ atMost: 96 })).toMatchObject([{ value: 96, holds: true }]);
  });

  test('where every round must hold, the worst one counts', () => {
    expect(judge({ atMost: 98, every: true })).toMatchObject([{ value: 99, holds: false }]);
    expect(judge({ atLeast: 90, every: true })).toMatchObject([{ value: 90, holds: true }]);
    expect(judge({ atLeast: 91, every: true })).toMatchObject([{ value: 90, holds: false }]);
  });

  test('a bound against somebody who did not take part is left out', () => {
    expect(judge({ against: 'caddy', atLeast: 1 })).toEqual([]);
  });
});
