import type { CaseStep, Stage } from '../src/case';
import type { NamedCase } from '../src/cases';
import { Cleanup } from '../src/cleanup';
import { showing } from '../src/progress';
import { type Gateway, Track } from '../src/track';

const step = (title: string, run: CaseStep['run'] = async () => {}): CaseStep => ({ title, run });
const named = (name: string, ...steps: CaseStep[]): NamedCase => ({ name, case: { about: `about ${name}`, steps } });
const fails = step('break it', async () => {
  throw new Error('it broke');
});

/** Runs cases on a fake gateway, and returns what was done in which order. */
async function play(
  cases: readonly NamedCase[],
  more: Partial<Gateway> = {},
  track = new Track('nginx', cases, () => 0),
) {
  const done: string[] = [];
  const gateway: Gateway = {
    firstSteps: [{ title: 'boot', run: async () => void done.push('boot') }],
    lastSteps: [{ title: 'destroy', run: async () => void done.push('destroy') }],
    stageOf: (phase) => ({ phase, checks: track.checks, folder: `${done.push(phase)}` }) as Partial<Stage> as Stage,
    unusable: async () => undefined,
    changed: undefined,
    ...more,
  };
  const tasks = track.tasks(gateway, new Cleanup(), []);
  await showing(tasks, { quiet: true, exitOnError: false }).run();
  const results = Object.fromEntries(track.cases.map(({ name, result }) => [name, result]));
  const checks = track.checks.all.map(({ phase, what, result, seen = '' }) =>
    `${result} ${phase}: ${what} ${seen}`.trim(),
  );
  const steps = track.steps.all.map(({ title, result }) => `${title}: ${result}`);
  return { done, results, checks, steps };
}

test('cases run one after the other, between boot and destroy', async () => {
  const good = step('look', async ({ checks, phase }) => void checks.expect(phase, 'it is there', true, ''));
  const { done, results, checks } = await play([named('a', good, step('again')), named('b', good)]);
  expect(done).toEqual(['boot', 'a', 'a', 'b', 'destroy']);
  expect(results).toEqual({ a: 'passed', b: 'passed' });
  expect(checks).toEqual(['passed a: it is there', 'passed b: it is there']);
});

test('a step that fails ends its case; the next one runs where the gateway is still up', async () => {
  const { done, results, checks, steps } = await play([named('a', fails, step('never')), named('b', step('look'))]);
  expect(done).toEqual(['boot', 'a', 'b', 'destroy']);
  expect(results).toEqual({ a: 'failed', b: 'passed' });
  expect(checks).toEqual(['failed a: break it it broke']);
  expect(steps).toContain('a: never: skipped');
});

test('a failed check fails its case and does not end it', async () => {
  const bad = step('look', async ({ checks, phase }) => void checks.expect(phase, 'it is there', false, 'nothing'));
  const { results, done } = await play([named('a', bad, step('again'))]);
  expect(results).toEqual({ a: 'failed' });
  expect(done).toEqual(['boot', 'a', 'a', 'destroy']);
});

test('what is not run is told, with the reason', async () => {
  const { done, results, checks } = await play(
    [named('a', fails), named('b', step('look')), named('c', step('look'))],
    {
      unusable: async () => 'the gateway is not up any more',
    },
  );
  expect(done).toEqual(['boot', 'a', 'destroy']);
  expect(results).toEqual({ a: 'failed', b: 'not run', c: 'not run' });
  expect(checks).toEqual([
    'failed a: break it it broke',
    'skipped b: the case is run the gateway is not up any more',
    'skipped c: the case is run the gateway is not up any more',
  ]);
});

test('a gateway that never comes up: no case is run, and it is destroyed all the same', async () => {
  const { done, results, checks } = await play([named('a', step('look'))], {
    firstSteps: [{ title: 'boot', run: fails.run as never }],
  });
  expect(done).toEqual(['destroy']);
  expect(results).toEqual({ a: 'not run' });
  expect(checks).toEqual(['failed boot: boot it broke', 'skipped a: the case is run the gateway never came up']);
});

test('what the cleaning up breaks is no finding: the case was cut short', async () => {
  const breaks = step('ask', async ({ checks, phase }) => {
    track.close();
    checks.failed(phase, 'it answers', 'killed');
    throw new Error('killed');
  });
  const cases = [named('a', step('look'), breaks)];
  const track = new Track('nginx', cases, () => 0);
  const { results, checks, steps } = await play(cases, {}, track);
  expect(results).toEqual({ a: 'cut short' });
  expect(checks).toEqual([]);
  expect(steps.filter((line) => line.startsWith('a:'))).toEqual(['a: look: passed', 'a: ask: cut short']);
});

test('a case that leaves another version behind has failed, unless it says so', async () => {
  const changed = 'version b is deployed, not a';
  const [a, b] = [named('a', step('look')), named('b', step('look'))];
  const says = { ...b, case: { ...b.case, leavesChanged: true } };
  const { results, checks } = await play([a, says], { changed });
  expect(results).toEqual({ a: 'failed', b: 'passed' });
  expect(checks).toEqual([`failed a: the case leaves the gateway as it found it ${changed}`]);
});

test('after a failed case, one that takes any state is asked for as such', async () => {
  const [a, b] = [named('a', fails), named('b', step('look'))];
  const any = { ...b, case: { ...b.case, takesAny: true } };
  const unusable = async (takesAny?: boolean) => (takesAny ? undefined : 'another version is deployed');
  expect((await play([a, any], { unusable })).results).toEqual({ a: 'failed', b: 'passed' });
  expect((await play([a, b], { unusable })).results).toEqual({ a: 'failed', b: 'not run' });
});
