import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withCapacity } from '../src/count/capacity';
import { withCounts } from '../src/count/page';
import type { Counted } from '../src/count/result';
import { waysChart, waysMarkdown } from '../src/count/ways';
import { CAPACITY, DOCUMENT } from '../src/paths';
import { chartSpec } from '../src/report/chart-spec';

const committed: Counted = JSON.parse(readFileSync(join(__dirname, '../results/counted.json'), 'utf8'));

test.each([
  ['performance', DOCUMENT, withCounts],
  ['capacity', CAPACITY, withCapacity],
])('the page of %s says what the committed counts say; UPDATE_SNAPSHOTS=1 writes it anew', (_, file, written) => {
  const page = readFileSync(file, 'utf8');
  const now = written(page, committed);
  if (process.env.UPDATE_SNAPSHOTS !== undefined) writeFileSync(file, now);
  else expect(page).toBe(now);
});

test('hosts of two cores are half full of what was counted: bounds are rounded to the safe side', () => {
  const page = '<!-- capacity: begin; written by `npm run bench -- --count --record` -->\n<!-- capacity: end -->';
  const [, , row] = withCapacity(page, counted(46_000))
    .split('\n')
    .filter((line) => line.startsWith('|'));
  expect(row?.split('|').map((cell) => cell.trim())).toEqual([
    ...['', 'iptables: a request on a kept connection', '46,000', '54,000', '1', '1', '2', ''],
  ]);
});

/** A result with one row for each load, in two sections. */
function counted(ours: number): Counted {
  const subject = (name: string, count: number) => ({
    name,
    title: name,
    instructions: { kept: [count - 1, count, count + 1], new: [4 * count] },
  });
  const section = (name: string, ...subjects: ReturnType<typeof subject>[]) => ({
    name,
    title: name,
    peer: '',
    subjects,
  });
  return {
    format: 1,
    date: '2026-01-02T03:04:05Z',
    kernel: '6.12',
    boots: 1,
    versions: {},
    sections: [
      section('remote', subject('direct', 1000), subject('iptables', 1100), subject('portway-iptables', ours)),
      section('http', subject('haproxy', 4000)),
    ],
  };
}

test('the page opens with ways, the limit and what is missed', () => {
  const opening = waysMarkdown(counted(1200));
  expect(opening).toMatch(/\| direct, no forwarding +\| 1,000 +\| 1.00 +\| 4,000 +\| 1.00 +\|/);
  expect(opening).toMatch(/\| \*\*Portway, iptables\*\* +\| 1,200 +\| 1.20 +\| 4,800 +\| 1.20 +\|/);
  // What was not counted has no figure.
  expect(opening).toMatch(/\| caddy +\| {2,}\| {2,}\|/);
  expect(opening).toContain(
    'Of 2 bounds on counts 0 hold. The others are missed (the bound in brackets): kept-alive request to another host 1.200 of a direct one (0.93); new connection to another host 1.091 of one by hand (1.04). [',
  );
  expect(waysMarkdown(counted(930))).toContain('Of 2 bounds on counts 2 hold.\n');
});

test('the chart has a bar for each way that was counted', () => {
  const spec = chartSpec(waysChart(counted(1200)), 'light');
  const [kept] = (spec as unknown as { vconcat: { data: { values: object[] } }[] }).vconcat;
  expect(kept?.data.values).toEqual([
    { title: 'direct, no forwarding', ours: false, median: 1000, lowest: 999, highest: 1001, count: 3 },
    { title: 'iptables by hand', ours: false, median: 1100, lowest: 1099, highest: 1101, count: 3 },
    { title: 'Portway, iptables', ours: true, median: 1200, lowest: 1199, highest: 1201, count: 3 },
    { title: 'haproxy, as much per request', ours: false, median: 4000, lowest: 3999, highest: 4001, count: 3 },
  ]);
});
