import { verdicts } from '../src/report/bounds';
import { chartSpec } from '../src/report/chart-spec';
import { withReport } from '../src/report/document';
import { markdown } from '../src/report/markdown';
import { number } from '../src/report/numbers';
import { checkText } from '../src/report/text';
import { load, result, samples } from './support';

const cpu = { client: 0.5, gateway: 0.9, backend: 0.4, kernel: 0, others: 0.1 };
const measured = result(
  load(
    {
      direct: samples([100_000, 110_000, 105_000], [2, 3, 4]),
      ours: samples([50_000, 44_000, 52_500], [8, 7, 6]).map((sample) => ({ ...sample, cpu })),
    },
    [{ figure: 'requests', contender: 'ours', against: 'direct', atLeast: 0.6, title: 'requests of direct' }],
  ),
);

test('numbers have the digits that a reader can use', () => {
  expect([0, 3, 1234.4, 123.46, 12.346, 0.98765].map(number)).toEqual(['0', '3', '1,234', '123', '12.35', '0.99']);
});

test('the report: machine and versions, bounds with their verdict, a table for each load', () => {
  const text = markdown(measured);
  expect(text).toContain('Measured on 2026-01-02: 2 cores of Some CPU, 4 GiB, Linux 6.12 (Debian).');
  expect(text).toContain('nginx 1.26.3, wrk 4.1.0');
  const rows = text.split('\n').map((line) =>
    line
      .split('|')
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
  expect(rows).toContainEqual(['Requests of direct', 'at least 0.60', '0.500', '0.50 (0.40 to 0.50)', '**MISSED**']);
  expect(rows).toContainEqual(['the direct', '105,000 (100,000 to 110,000)', '1.00', '3', '', '']);
  // 1.8 cores for 50,000 requests a second.
  expect(rows).toContainEqual([
    ...['**the ours**', '50,000 (44,000 to 52,500)', '0.50', '7'],
    ...['0.50, 0.90, 0.40, 0.00', '36.00'],
  ]);
});

test('columns of CPU are left out where it was not counted', () => {
  const text = markdown(result(load({ direct: samples([10]), ours: samples([9]) })));
  expect(text).not.toContain('cores: client');
  expect(text).toContain('| the direct');
});

test('the terminal hears of bounds and losses', () => {
  const text = checkText(verdicts(measured), [], 2);
  expect(text).toMatch(/requests of direct +>= 0.60 +0.5 +0.40 to 0.50 +MISSED/);
  expect(text).toContain('2 ratios compared with the committed run: none is worse beyond the spread');
  const spread = (median: number) => ({ median, lowest: median, highest: median, count: 1 });
  const names = { scenario: 'http', load: 'kept', figure: 'requests', contender: 'ours', against: 'direct' };
  const lost = [{ ...names, before: spread(0.9), now: spread(0.5) }];
  expect(checkText([], lost, 2)).toContain(
    'http, kept: requests of ours to direct was 0.90 (0.90 to 0.90), is 0.50 (0.50 to 0.50)',
  );
});

test('a report stands between the markers of its document, and replaces what was there', () => {
  const begin = '<!-- bench: begin; written by `npm run bench -- --record` -->';
  const document = `# Title\n\n${begin}\nold\n<!-- bench: end -->\n\nMore.\n`;
  const once = withReport(document, 'new\n');
  expect(once).toBe(`# Title\n\n${begin}\n\nnew\n\n<!-- bench: end -->\n\nMore.\n`);
  expect(withReport(once, 'new')).toBe(once);
  expect(() => withReport('# Title\n', 'new')).toThrow('must hold the lines');
});

test('a chart of bars has a bar and its spread for each contender, ours in another color', () => {
  const [scenario] = measured.scenarios;
  if (scenario === undefined) throw new Error('no scenario');
  const { vconcat } = chartSpec(scenario, 'light') as unknown as { vconcat: { data: { values: object[] } }[] };
  expect(vconcat.map(({ data }) => data.values)).toEqual([
    [
      { title: 'the direct', ours: false, median: 105_000, lowest: 100_000, highest: 110_000, count: 3 },
      { title: 'the ours', ours: true, median: 50_000, lowest: 44_000, highest: 52_500, count: 3 },
    ],
  ]);
  expect(chartSpec(scenario, 'dark')).not.toEqual(chartSpec(scenario, 'light'));
});

test('a load in which nobody has anything is not drawn', () => {
  const [scenario] = result(load({ direct: samples([0, 0]), ours: samples([0, 0]) })).scenarios;
  if (scenario === undefined) throw new Error('no scenario');
  expect(chartSpec(scenario, 'light')).toMatchObject({ vconcat: [] });
});

test('a chart of lines has a point for each contender, in relation to the first one', () => {
  const of = load({ 'list-1': samples([100, 100]), 'list-1000': samples([70, 80]) });
  const [first] = result(of).scenarios;
  if (first === undefined) throw new Error('no scenario');
  const contenders = [1, 1000].map((at) => ({ name: `list-${at}`, title: `${at}`, point: { line: 'a list', at } }));
  const spec = chartSpec({ ...first, axis: 'forwards', contenders }, 'light');
  const { vconcat } = spec as unknown as { vconcat: { data: { values: object[] } }[] };
  expect(vconcat[0]?.data.values).toEqual([
    { line: 'a list', at: 1, median: 1, lowest: 1, highest: 1, count: 2 },
    { line: 'a list', at: 1000, median: 0.75, lowest: 0.7, highest: 0.8, count: 2 },
  ]);
});
