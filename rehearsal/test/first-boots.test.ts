import { bootOf } from '../first-boots/boot';

const report = {
  began: '2026-11-30T04:00:00.000Z',
  runs: [
    {
      events: [
        { at: 20, instanceId: 'i-1', what: 'launched' },
        { at: 120.5, instanceId: 'i-1', what: 'address' },
      ],
      steps: [
        { title: 'cdk deploy, until the instance is there', begin: 18, seconds: 2, result: 'passed' },
        { title: 'first boot, until the host reports', begin: 20, seconds: 110, result: 'passed' },
      ],
    },
  ],
} as unknown as Parameters<typeof bootOf>[0];
const began = Date.parse(report.began);

test('counts from power-on, and the processor until the deploy ended', () => {
  const samples = [
    [began + 100_000, 70],
    [began + 129_900, 88.5],
    [began + 130_400, 89],
  ] as const;
  expect(bootOf(report, samples)).toEqual({ forwards: 100.5, deployed: 110, processor: 88.5 });
});

test('takes no boot that did not forward for one', () => {
  const [run] = report.runs;
  const events = run?.events.slice(0, 1) ?? [];
  expect(() => bootOf({ ...report, runs: [{ ...run, events }] } as typeof report, [])).toThrow('no first boot');
});
