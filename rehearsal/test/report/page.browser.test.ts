import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findTool } from '../../src/apt';
import { writeReport } from '../../src/report/write';
import { fixture, layFiles } from './fixture';

const { report, files } = fixture();
/** Kept, since people look at the screenshots. */
const folder = process.env.PORTWAY_TEST_FOLDER ?? mkdtempSync(path.join(tmpdir(), 'portway-browser-'));
const PHONE = { width: 390, height: 844 };
const TABLET = { width: 768, height: 1024 };
const DESK = { width: 1440, height: 900 };
const HOSTILE = `<script>alert(1)</script><img src="http://198.51.100.1/x.png" onerror="alert(2)"> </pre>`;

let browser: Browser;
let url: string;
let failedUrl: string;
beforeAll(async () => {
  const run = path.join(folder, 'report');
  mkdirSync(run, { recursive: true });
  const hostile = { ...files.nginx, 'bootstrap.log': `${files.nginx?.['bootstrap.log']}\n${HOSTILE}\n` };
  layFiles(run, { ...files, nginx: hostile });
  const written = await writeReport({ ...report, folder: run });
  url = pathToFileURL(written.html ?? '').href;
  failedUrl = await failedRun();
  const program = await findTool('chromium');
  if (program === undefined) throw new Error('there is no chromium: sudo apt-get install chromium');
  // Chromium has no sandbox for root. The page is our own, and its policy forbids scripts.
  browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'] });
}, 60_000);
afterAll(() => browser?.close());

/** A failed run, with words too long for a line on a phone, and one step that never ended. */
async function failedRun(): Promise<string> {
  const run = path.join(folder, 'failed');
  mkdirSync(run, { recursive: true });
  const seen = `nginx: [emerg] ${'x'.repeat(400)} failed\n  (log: ${'/a/long/path'.repeat(20)})`;
  const checks = [
    { run: 'nginx', phase: 'first boot', what: 'it boots', result: 'failed' as const, at: 1, seen },
    { run: 'nginx', phase: 'first boot', what: 'it reports', result: 'skipped' as const, at: 2, seen: 'not asked' },
  ];
  const results = ['passed', 'failed', 'cut short', 'skipped'] as const;
  const runs = report.runs.map((one) => ({
    ...one,
    cases: one.cases.map((each) => ({ ...each, result: 'failed' as const })),
    hosts: ['10.0.1.20', '198.51.100.77', '192.168.7.7', '9.9.9.9', '8.8.8.8'],
    steps: results.map((result) =>
      result === 'skipped' ? { title: result, result } : { title: result, begin: 1, result },
    ),
    scans: (['first boot', 'after the certificate is renewed'] as const).map((phase, i) => ({
      phase,
      party: 'admin' as const,
      open: [22, 80, 443, 8443, 50_000, 60_000].slice(0, 6 - i),
      refused: [1, 2, 3],
      tried: 1043,
    })),
  }));
  const written = await writeReport({ ...report, folder: run, checks, runs, leftBehind: [seen] });
  return pathToFileURL(written.html ?? '').href;
}

/** Opens the page, and collects everything that a console would show and everything that is requested. */
async function opened(viewport: { width: number; height: number }, colorScheme: 'light' | 'dark', at = url) {
  const page = await browser.newPage({ viewport, colorScheme });
  const told: string[] = [];
  const asked: string[] = [];
  page.on('console', (message) => told.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => told.push(error.message));
  page.on('dialog', (dialog) => {
    told.push(dialog.message());
    void dialog.dismiss();
  });
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(at, { waitUntil: 'load' });
  return { page, told, asked };
}

/** The width of the page, and of the part that the screen shows. */
const widths = (page: Page) =>
  page.evaluate(`({ wide: document.documentElement.scrollWidth, screen: document.documentElement.clientWidth })`);

describe.each([
  ['light', PHONE],
  ['dark', PHONE],
  ['light', TABLET],
  ['dark', TABLET],
  ['light', DESK],
  ['dark', DESK],
] as const)('%s, %o', (scheme, size) => {
  test('opens without a word, asks for nothing, and cuts nothing', async () => {
    const { page, told, asked } = await opened(size, scheme);
    await page.evaluate(`document.querySelectorAll('details').forEach((one) => { one.open = true; })`);
    expect(await widths(page)).toEqual({ wide: size.width, screen: size.width });
    expect(await page.title()).toBe('Portway: The rehearsal passed');
    expect(await cut(page)).toEqual([]);
    expect(await contrast(page)).toEqual([]);
    await page.evaluate(`document.querySelectorAll('details').forEach((one) => { one.open = false; })`);
    await page.screenshot({ path: path.join(folder, `report-${scheme}-${size.width}.png`), fullPage: true });
    expect(told).toEqual([]);
    expect(asked).toEqual([url]);
    await page.close();
  }, 60_000);
});

test.each(['light', 'dark'] as const)(
  'a run that failed can be read on a phone too, %s',
  async (scheme) => {
    const { page, told, asked } = await opened(PHONE, scheme, failedUrl);
    expect(await page.title()).toBe('Portway: The rehearsal failed');
    expect(await page.locator('header .wrong li').count()).toBe(2);
    expect(await widths(page)).toEqual({ wide: PHONE.width, screen: PHONE.width });
    expect(await cut(page)).toEqual([]);
    expect(await contrast(page)).toEqual([]);
    await page.screenshot({ path: path.join(folder, `failed-${scheme}.png`), fullPage: true });
    expect(told).toEqual([]);
    expect(asked).toEqual([failedUrl]);
    await page.close();
  },
  60_000,
);

test('lists every check, every step and every file; a hostile line of a log is text', async () => {
  const { page, told, asked } = await opened(DESK, 'light');
  expect(await page.locator('.checks .what').allTextContents()).toEqual(
    report.runs.flatMap(({ name }) => report.checks.filter((check) => check.run === name).map(({ what }) => what)),
  );
  expect(await page.locator('.checks .passed .result').count()).toBe(
    report.checks.filter(({ result }) => result === 'passed').length,
  );
  expect(await page.locator('.timeline .step').allTextContents()).toEqual(
    [...report.preparation, ...report.runs.flatMap(({ steps }) => steps)].map(({ title }) => title),
  );
  expect(await page.locator('summary').allTextContents()).toEqual(
    report.runs.flatMap(({ name, files: own }) => [
      `${report.checks.filter(({ run, result }) => run === name && result === 'passed').length} checks passed`,
      ...own,
    ]),
  );
  const shown = page.locator('#nginx details', { has: page.locator('summary', { hasText: 'bootstrap.log' }) });
  expect(await shown.locator('pre').textContent()).toContain(HOSTILE);
  expect(await page.locator('script, img, iframe').count()).toBe(0);
  expect(told).toEqual([]);
  expect(asked).toEqual([url]);
  await page.close();
}, 60_000);

test('says first what matters: the verdict, who finds which port, and only then the times; the engines side by side', async () => {
  const { page } = await opened(DESK, 'light');
  const top = async (selector: string) => (await page.locator(selector).first().boundingBox())?.y ?? Number.NaN;
  const order = await Promise.all(['h1', '#ports table', '#timeline', '.checks'].map(top));
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(order[1]).toBeLessThan(DESK.height);
  for (const selector of ['.card', '.timeline .side > div', '.details > section']) {
    const boxes = await Promise.all((await page.locator(selector).all()).map((one) => one.boundingBox()));
    expect(boxes.map((box) => box?.y)).toEqual([boxes[0]?.y, boxes[0]?.y]);
    expect(boxes[1]?.x).toBeGreaterThan((boxes[0]?.x ?? 0) + (boxes[0]?.width ?? 0));
  }
  // Passed checks are folded; whatever failed is not.
  expect(await page.locator('.checks').first().isVisible()).toBe(false);
  await page.goto(failedUrl);
  expect(await page.locator('#nginx .checks .failed').isVisible()).toBe(true);
  await page.close();
}, 60_000);

test('has one h1 and no level left out, tables with captions, pictures with names, and paper shows the logs', async () => {
  const { page } = await opened(DESK, 'light');
  const levels = await page.evaluate<number[]>(
    `[...document.querySelectorAll('h1, h2, h3')].map((heading) => Number(heading.tagName[1]))`,
  );
  expect(levels.filter((level) => level === 1)).toEqual([1]);
  expect(levels.every((level, i) => i === 0 || level <= (levels[i - 1] ?? 0) + 1)).toBe(true);
  expect(await page.locator('table:not(:has(caption))').count()).toBe(0);
  expect(await page.getByRole('img', { name: 'The lab of nginx' }).count()).toBe(1);
  expect(await page.locator('html').getAttribute('lang')).toBe('en');
  await page.emulateMedia({ media: 'print' });
  expect(await page.locator('details pre').first().isVisible()).toBe(true);
  const paper = await page.pdf({ path: path.join(folder, 'report.pdf'), format: 'A4' });
  expect(paper.subarray(0, 5).toString()).toBe('%PDF-');
  await page.close();
}, 60_000);

/** Texts that the screen, a box that scrolls sideways or a box of the picture cuts off. */
function cut(page: Page): Promise<unknown> {
  return page.evaluate(`(() => {
    const bad = [];
    const screen = document.documentElement.clientWidth;
    for (const node of document.body.querySelectorAll('*')) {
      const { left, right, width } = node.getBoundingClientRect();
      if (width > 0 && (left < -0.5 || right > screen + 0.5)) bad.push(['outside the screen', node.tagName, node.className]);
      const scrolls = getComputedStyle(node).overflowX !== 'visible' && !node.closest('svg');
      if (scrolls && node.scrollWidth > node.clientWidth) bad.push(['scrolls', node.tagName, node.className]);
    }
    for (const text of document.querySelectorAll('svg text')) {
      const own = text.getBoundingClientRect();
      const box = text.parentNode.querySelector('rect').getBoundingClientRect();
      if (own.left < box.left || own.right > box.right) bad.push(['outside its box', text.textContent]);
    }
    return bad;
  })()`);
}

/** Texts with less contrast to their background than WCAG's level AA requires (4.5 to 1). */
function contrast(page: Page): Promise<unknown> {
  return page.evaluate(`(() => {
    const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
    const light = ([r, g, b]) => [r, g, b]
      .map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
      .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (node) => {
      for (let at = node; at; at = at.parentElement) {
        const colour = parse(getComputedStyle(at).backgroundColor);
        if (colour.length === 3 || colour[3] === 1) return colour;
      }
      return [255, 255, 255];
    };
    const bad = [];
    for (const node of document.querySelectorAll('h1,h2,h3,p,li,span,td,th,caption,summary,pre,a,code')) {
      const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
      const ratio = (a + 0.05) / (b + 0.05);
      if (ratio < 4.5) bad.push(node.className + ' ' + node.tagName + ' ' + ratio.toFixed(2));
    }
    return [...new Set(bad)];
  })()`);
}
