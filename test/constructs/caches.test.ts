import { Forward } from '../../lib/forward/forward';
import { PortwayError } from '../../lib/forward/problems';
import { CANONICAL } from '../snapshots/canonical';
import { synthesize } from '../snapshots/synthesize';

const common = CANONICAL.nginx;

/** A stack with one forward per cache size, in MB. */
function stack(sizes: readonly number[], diskGiB?: number) {
  const forwards = Object.fromEntries(
    sizes.map((sizeMb, i) => [`web${i}`, Forward.http({ listen: 80 + i, to: 8080, cache: { sizeMb } })]),
  );
  if (common === undefined) throw new Error('no such stack');
  return synthesize({ ...common, forwards, ...(diskGiB === undefined ? {} : { diskGiB }) }).stack;
}

test('caches must leave room on the disk', () => {
  expect(() => stack([2000, 2096])).not.toThrow();
  expect(() => stack([2000, 2097])).toThrow(PortwayError);
  expect(() => stack([2000, 2097])).toThrow(/^diskGiB must leave 4 GiB beside the caches, which take 4097 MB/);
  expect(() => stack([2000, 2097], 9)).not.toThrow();
});

test('a stack with caches fits into user-data', () => {
  expect(stack([100, 200]).gateway.userData.size).toBeLessThanOrEqual(16_384);
});
