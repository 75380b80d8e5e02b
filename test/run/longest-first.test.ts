import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

interface Test {
  readonly path: string;
}
interface Sequencer {
  readonly LONG: readonly string[];
  new (): { sort(tests: readonly Test[]): readonly Test[] };
}
const LongestFirst = jest.requireActual<Sequencer>('./longest-first');

const ROOT = join(__dirname, '..', '..');

test('long files come first, the others in the order of jest: by their bytes', () => {
  expect(LongestFirst.LONG.filter((name) => !existsSync(join(ROOT, name)))).toEqual([]);
  // A context without kept durations, as in a fresh clone.
  const context = {
    config: { cache: false, id: 'test' },
    hasteFS: { getSize: (path: string) => statSync(path).size },
  };
  const paths = ['test/run/links.test.ts', 'test/run/jest.test.ts', 'rehearsal/test/rehearse.lab.test.ts'].map((name) =>
    join(ROOT, name),
  );
  const sorted = new LongestFirst().sort(paths.map((path) => ({ path, context })));
  expect(sorted.map(({ path }) => path)).toEqual([...paths].reverse());
});
