import { cpuPerUnit, figureSpread, ratioSpread, spread } from '../src/report/statistics';
import { load, samples } from './support';

test('the median of an odd and of an even number of figures, and how far they spread', () => {
  expect(spread([30, 10, 20])).toEqual({ median: 20, lowest: 10, highest: 30, count: 3 });
  expect(spread([40, 10, 20, 30])).toEqual({ median: 25, lowest: 10, highest: 40, count: 4 });
  expect(spread([7])).toEqual({ median: 7, lowest: 7, highest: 7, count: 1 });
});

test('nothing measured is no spread, and what is no number does not count', () => {
  expect(spread([])).toBeUndefined();
  expect(spread([Number.NaN, 5])).toEqual({ median: 5, lowest: 5, highest: 5, count: 1 });
  expect(figureSpread(load({ ours: samples([1]) }), 'ours', 'p50')).toBeUndefined();
  expect(figureSpread(load({}), 'ours', 'requests')).toBeUndefined();
});

test('a ratio is taken within each round: what slows a whole round down cancels out', () => {
  const found = ratioSpread(
    load({ direct: samples([100, 50, 200]), ours: samples([90, 45, 180]) }),
    'ours',
    'direct',
    'requests',
  );
  expect(found).toEqual({ median: 0.9, lowest: 0.9, highest: 0.9, count: 3 });
});

test('a ratio to nothing does not count', () => {
  expect(
    ratioSpread(load({ direct: samples([0, 10]), ours: samples([5, 5]) }), 'ours', 'direct', 'requests'),
  ).toMatchObject({ median: 0.5, count: 1 });
  expect(ratioSpread(load({ ours: samples([5]) }), 'ours', 'direct', 'requests')).toBeUndefined();
});

test('CPU for one request counts all sides of the lane, and not the rest of the machine', () => {
  const cpu = { client: 0.5, gateway: 0.25, backend: 0.2, kernel: 0.05, others: 0.9 };
  const withCpu = load({ ours: [{ values: { requests: 50_000 }, cpu }] });
  expect(cpuPerUnit(withCpu, 'ours', 'requests')?.median).toBeCloseTo(20);
  expect(cpuPerUnit(load({ ours: samples([1]) }), 'ours', 'requests')).toBeUndefined();
});
