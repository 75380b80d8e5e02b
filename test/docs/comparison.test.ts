import { readPage } from './pages';

/** The table of ways, which a run of the benchmark writes. */
const COUNTED = /<!-- ways: begin;[\s\S]*<!-- ways: end -->/.exec(readPage('docs/performance.md'))?.[0] ?? '';

test('the comparison has the figures of the last count, and none of its own', () => {
  const page = readPage('docs/comparison.md');
  const figures = [...page.matchAll(/\b\d{1,3},\d{3}\b/g)].map(([figure]) => figure);
  expect(figures.length).toBeGreaterThanOrEqual(9);
  for (const figure of figures) expect(COUNTED).toContain(` ${figure} `);
  const haproxy = /full handshake (0\.\d+) of haproxy's/.exec(COUNTED)?.[1];
  expect(page).toContain(`ours takes ${Number(haproxy).toFixed(2)} of haproxy's`);
});
