import type { Round } from '../src/model';
import { withSynth } from '../src/synth/page';
import { synthScenario } from '../src/synth/scenario';

const { contenders, setUp, loads } = synthScenario('/nowhere/package.js');

async function run(name: string) {
  const contender = contenders.find((one) => one.name === name);
  if (contender === undefined) throw new Error(`there is no ${name}`);
  const subject = await setUp(contender, () => Promise.reject(new Error('synth has no lanes')));
  const round: Round = { seconds: 1, during: (_, work) => work(), earlier: () => 1 };
  return subject.loads.app?.(round);
}

test('the CPU of an app that really wrote a stack', async () => {
  const values = await run('empty');
  expect(Object.keys(values ?? {})).toEqual(['cpu', 'over', 'time']);
  expect(values?.cpu).toBeGreaterThan(0.1);
  expect(values?.over).toBe(0);
}, 120_000);

test('an app that fails is an error with its words, and no figure', async () => {
  await expect(run('portway')).rejects.toThrow(/the app failed:[\s\S]*\/nowhere\/package\.js/);
}, 60_000);

test('the page has both bounds, the app of a gateway, and what it was compared with', () => {
  const of = (cpu: number, over: number) => [{ values: { cpu, over, time: cpu } }];
  const samples = { empty: of(2, 0), 'by-hand': of(2.6, 0.6), portway: of(2.2, 0.2), 'portway-10000': of(6, 4) };
  const page = withSynth(
    'Before\n<!-- synth: begin; written by `npm run bench -- --synth --record` -->\n<!-- synth: end -->\nAfter\n',
    {
      format: 1,
      date: '2026-01-02T03:04:05Z',
      pace: { rounds: 1, seconds: 1, quick: false },
      machine: { cpu: 'a processor', cores: 2, memoryGiB: 1, kernel: 'x', system: 'y' },
      versions: { Node: 'v20', 'aws-cdk-lib': '2.0.0' },
      scenarios: [{ name: 'synth', title: 'Synth', contenders, loads: loads.map((load) => ({ ...load, samples })) }],
    },
  );
  expect(page).toContain('2 cores of a processor, 1 rounds, Node v20, aws-cdk-lib 2.0.0.');
  expect(page).toMatch(/of an empty one's +\| at most 1\.15 \| 1\.100 +\|.*pass/);
  expect(page).toMatch(/CPU over an empty app's, in s +\| at most 3 +\| 4 +\|.*\*\*MISSED\*\*/);
  expect(page).toMatch(/by the CDK alone +\| 2\.60 .* \| 1\.30/);
  expect(page).toMatch(/^Before\n[\s\S]*\nAfter\n$/);
});
