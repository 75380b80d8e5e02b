import { merged } from '../src/report/merge';
import type { Result } from '../src/result';

const NAMES = ['local', 'http', 'udp'];
const run = (names: readonly string[], date: string, o: Partial<Result> = {}): Result => ({
  format: 1,
  date,
  pace: { rounds: 7, seconds: 1, quick: false },
  machine: { cpu: 'x', cores: 2, memoryGiB: 4, kernel: '6.1', system: 'Debian' },
  versions: { nginx: '1' },
  scenarios: names.map((name) => ({ name, title: `${name} of ${date}`, contenders: [], loads: [] })),
  ...o,
});
const titles = (result: Result) => result.scenarios.map(({ title }) => title);

test('what a run measured takes the place of what was committed, the rest stays, in one order', () => {
  const committed = run(['local', 'http', 'udp'], 'May');
  expect(titles(merged(committed, run(['http'], 'June'), NAMES))).toEqual([
    'local of May',
    'http of June',
    'udp of May',
  ]);
  expect(titles(merged(run(['udp'], 'May'), run(['http'], 'June'), NAMES))).toEqual(['http of June', 'udp of May']);
  expect(titles(merged(undefined, run(['udp'], 'June'), NAMES))).toEqual(['udp of June']);
});

test('scenarios that are no more go; a whole run stands alone, whatever the machine', () => {
  const committed = run(['local', 'gone'], 'May', { versions: { nginx: '0' } });
  expect(titles(merged(committed, run(NAMES, 'June'), NAMES))).toEqual(NAMES.map((name) => `${name} of June`));
});

test('figures of two machines, versions or paces are not put side by side', () => {
  const committed = run(['local', 'http'], 'May', { versions: { nginx: '0' } });
  expect(() => merged(committed, run(['http'], 'June'), NAMES)).toThrow(
    /the same versions as the committed run \(\{"nginx":"0"\}\), got: \{"nginx":"1"\}/,
  );
});
