import { Forward } from '../../lib/forward/forward';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { busySeconds } from '../src/lab/cpu-groups';
import { manyJobs } from '../src/scenarios/many';

test.each([1, 100, 1_000])('%i forwards are what synth accepts, and the last one leads to the application', (count) => {
  const jobs = manyJobs(count);
  expect(jobs).toHaveLength(count);
  expect(jobs.at(-1)?.port).toBe(8080);
  const forwards = jobs.map(({ listen, port }, i) => [`f${i}`, Forward.tcp({ listen, to: port, engine: 'iptables' })]);
  expect(resolveForwardsOrThrow({ forwards: Object.fromEntries(forwards) })).toHaveLength(count);
});

test('10,000 forwards find room, none of them where the application is', () => {
  const listeners = manyJobs(10_000).map(({ listen }) => listen);
  expect(new Set(listeners).size).toBe(10_000);
  expect(Math.max(...listeners)).toBeLessThan(65_536);
  expect(listeners).not.toContain(8080);
});

test('busy is all but idle and waiting, in seconds', () => {
  expect(busySeconds('cpu  100 10 200 5000 700 1 30 4 0 0\ncpu0 1 1\n')).toBeCloseTo(3.45);
});
