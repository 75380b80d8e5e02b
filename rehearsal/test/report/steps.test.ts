import { Steps } from '../../src/report/steps';

const quiet = () => undefined;

test('steps are written down with their times, as far as the run went', async () => {
  let now = 0;
  const steps = new Steps(() => now);
  const notes: string[] = [];
  const boot = steps.add('boot', async (note) => {
    note('75 s');
    now += 75.04;
  });
  const look = steps.add('look', async () => {
    now += 2;
    throw new Error('no answer');
  });
  const collect = steps.add('collect', () => new Promise<never>(quiet));
  steps.add('destroy', async () => undefined);

  await boot((text) => notes.push(text));
  await expect(look(quiet)).rejects.toThrow('no answer');
  void collect(quiet);
  expect(notes).toEqual(['75 s']);
  expect(steps.all).toEqual([
    { title: 'boot', begin: 0, seconds: 75, result: 'passed' },
    { title: 'look', begin: 75, seconds: 2, result: 'failed' },
    { title: 'collect', begin: 77, result: 'cut short' },
    { title: 'destroy', result: 'skipped' },
  ]);
});
