import { bootSubject } from '../src/count/boot/boots';
import { bootTables } from '../src/count/boot/report';
import { BOOT } from '../src/count/boot/section';
import { begun, type Mark } from '../src/count/boot/watch';

const CONSOLE = `
[  181.5] cloud-init[305]: Cloud-init v. 25.1.4 running 'modules:final' at Sun, 22 Nov 2026 23:04:01 +0000. Up 179.54 seconds.
[  187.3] cloud-init[305]: portway 2026-11-22T23:04:09Z content 1a48a180aeea72c3
[  188.3] cloud-init[305]: portway 2026-11-22T23:04:10Z install nginx
[  190.3] cloud-init[305]: portway 2026-11-22T23:04:12Z try the new content
[  191.8] cloud-init[305]: portway 2026-11-22T23:04:13Z set up /var/lib/portway/stage
[  204.7] cloud-init[305]: portway 2026-11-22T23:04:26Z forwards are up
`;

test('the console says what a host is doing', () => {
  expect(begun(CONSOLE)).toEqual(['user-data', 'content', 'install', 'try', 'set-up']);
  expect(begun('by hand: install nginx\nby hand: set up it\nCloud-init v. 25.1.4 finished at Sun')).toEqual([
    'install',
    'set-up',
    'finished',
  ]);
  expect(begun("Cloud-init v. 25.1.4 running 'modules:config'")).toEqual([]);
});

/** Marks of a boot by what had been done, in millions of instructions. */
function boot(...marks: readonly (readonly [name: string, millions: number])[]): readonly Mark[] {
  return marks.map(([name, millions]) => ({ name, instructions: millions * 1e6, seconds: 0 }));
}
const alone = { name: 'empty', title: 'alone', at: 'finished' } as const;
const ours = { name: 'portway-nginx', title: 'Portway', ours: true, at: 'answer' } as const;

test('a step lasts from its mark to the next, and the last one to what counts', () => {
  const subject = bootSubject(
    ours,
    [
      boot(['user-data', 100], ['set-up', 130], ['answer', 150], ['finished', 170]),
      boot(['user-data', 102], ['set-up', 131], ['answer', 152]),
    ],
    40,
  );
  expect(subject.instructions.boot).toEqual([150e6, 152e6]);
  expect(subject.boot?.steps).toEqual({
    'power-on': [100e6, 102e6],
    'user-data': [30e6, 29e6],
    'set-up': [20e6, 21e6],
  });
  const reference = bootSubject(alone, [boot(['answer', 50], ['user-data', 90], ['finished', 100])]);
  expect(reference.boot).toEqual({ steps: { 'power-on': [90e6], 'user-data': [10e6] } });
  expect(() => bootSubject(ours, [boot(['user-data', 100])], 1)).toThrow('has no moment "answer"');
});

test('the page shows what a boot takes, of the image alone, and by step', () => {
  const subjects = [
    bootSubject(alone, [boot(['answer', 50], ['user-data', 90], ['finished', 100])], 20),
    bootSubject(ours, [boot(['user-data', 90], ['set-up', 130], ['answer', 150])], 40.4),
  ];
  const [whole = '', , steps = ''] = bootTables({ ...BOOT, subjects });
  expect(whole).toMatch(/\| alone +\| 100 +\| 1.000 +\| 0 +\| 20 s +\|/);
  expect(whole).toMatch(/\| \*\*Portway\*\* \| 150 +\| 1.500 +\| 50 +\| 40 s +\|/);
  expect(steps).toMatch(/\| setting up: .* \| +\| 20 \(13 %\) +\|/);
});
