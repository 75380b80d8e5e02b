import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { findTool } from '../../rehearsal/src/apt';
import { served } from './served';

/** The folder that the part `site` has built the site into, and what stands before each of its addresses. */
const BUILT = join(__dirname, '..', '..', 'site', 'dist');
const BASE = process.env.SITE_BASE ?? '/';
/** Kept, since people look at the screenshots. */
const folder = process.env.PORTWAY_TEST_FOLDER ?? mkdtempSync(join(tmpdir(), 'portway-site-'));
const PHONE = { width: 390, height: 844 };
/** The program of the page runs: it would have told by now what differs from the page that was built. */
const READY = `document.querySelector('#app')?.__vue_app__ !== undefined`;
/** The classes of the pictures that can be seen, and were loaded. */
const SHOWN = `[...document.querySelectorAll('.vp-doc img')]
  .filter((one) => one.offsetWidth > 0 && one.naturalWidth > 0).map((one) => one.className)`;
const DESK = { width: 1280, height: 900 };

const files = readdirSync(BUILT, { recursive: true, encoding: 'utf8' }).filter((f) =>
  statSync(join(BUILT, f)).isFile(),
);
const pages = new Map(
  files.filter((file) => file.endsWith('.html')).map((file) => [file, readFileSync(join(BUILT, file), 'utf8')]),
);
const idsOf = (html: string) => new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
const ids = new Map([...pages].map(([file, html]) => [file, idsOf(html)]));

/** Why an address on a page leads nowhere; undefined if it leads somewhere, or out of the site. */
function wrong(page: string, address: string): string | undefined {
  const url = new URL(address.replaceAll('&amp;', '&'), `http://site${BASE}${page}`);
  if (url.host !== 'site' || !url.protocol.startsWith('http')) return undefined;
  if (!url.pathname.startsWith(BASE)) return 'outside of the site';
  const path = decodeURIComponent(url.pathname.slice(BASE.length));
  const file = path === '' || path.endsWith('/') ? posix.join(path, 'index.html') : path;
  if (!files.includes(file)) return `there is no ${file}`;
  const heading = decodeURIComponent(url.hash.slice(1));
  return heading === '' || ids.get(file)?.has(heading) ? undefined : `${file} has no #${heading}`;
}

test('every link and picture of every page leads somewhere, and every heading that a link names exists', () => {
  expect(pages.size).toBeGreaterThan(100);
  const found = [...pages].flatMap(([page, html]) =>
    [...html.matchAll(/ (?:href|src)="([^"]+)"/g)].map(([, address = '']) => ({ page, address })),
  );
  expect(found.length).toBeGreaterThan(5000);
  const broken = found.flatMap(({ page, address }) => {
    const why = wrong(page, address);
    return why === undefined ? [] : [`${page}: ${address}: ${why}`];
  });
  expect([...new Set(broken)]).toEqual([]);
});

describe('in a browser', () => {
  let browser: Browser;
  let server: Server;
  let url: string;
  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    ({ server, url } = await served(BUILT, BASE));
    const program = await findTool('chromium');
    if (program === undefined) throw new Error('there is no chromium: sudo apt-get install chromium');
    // Chromium has no sandbox for root. The pages are our own.
    browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'] });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  /** Opens a page, and collects everything that a console would show and every stranger that is asked. */
  async function opened(path: string, viewport: { width: number; height: number }, colorScheme: 'light' | 'dark') {
    const page = await browser.newPage({ viewport, colorScheme });
    const told: string[] = [];
    page.on('console', (message) => told.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => told.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith('data:')) told.push(`asked for ${request.url()}`);
    });
    await page.goto(url + path, { waitUntil: 'load' });
    await page.waitForFunction(READY);
    return { page, told };
  }

  test('no page scrolls sideways on a phone, says a word in the console, or asks a stranger', async () => {
    const { page, told } = await opened('index.html', PHONE, 'light');
    const wide: string[] = [];
    for (const path of pages.keys()) {
      if (path === '404.html') continue;
      await page.goto(url + path, { waitUntil: 'load' });
      await page.waitForFunction(READY);
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      if (width > PHONE.width) wide.push(`${path}: ${width}`);
    }
    expect(wide).toEqual([]);
    expect(told).toEqual([]);
    await page.close();
  }, 120_000);

  test.each([
    ['light', PHONE],
    ['dark', DESK],
  ] as const)(
    'shows the pictures of the theme, %s',
    async (scheme, size) => {
      for (const path of ['index.html', 'how-it-works.html', 'options.html', 'reference/Class.PortGateway.html']) {
        const { page, told } = await opened(path, size, scheme);
        expect((await page.locator('html').getAttribute('class')) ?? '').toBe(scheme === 'dark' ? 'dark' : '');
        const shown = await page.evaluate<string[]>(SHOWN);
        if (path === 'index.html') expect(shown).toEqual([`when-${scheme}`, `when-${scheme}`]);
        if (path === 'how-it-works.html')
          expect(await page.locator('.drawing svg text').allTextContents()).toContain('lib/forward');
        await page.screenshot({ path: join(folder, `${path.replace(/\W/g, '-')}-${scheme}-${size.width}.png`) });
        expect(told).toEqual([]);
        await page.close();
      }
    },
    60_000,
  );

  test('search finds a prop, and leads to it', async () => {
    const { page, told } = await opened('index.html', DESK, 'light');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.locator('input[type="search"]').fill('allowFrom');
    const first = page.locator('#localsearch-list li a').first();
    await first.waitFor();
    expect(await page.locator('#localsearch-list li').count()).toBeGreaterThan(3);
    await page.screenshot({ path: join(folder, 'search.png') });
    await first.click();
    await page.waitForURL((address) => address.pathname !== BASE && address.pathname.endsWith('.html'));
    await page.locator('.vp-doc', { hasText: 'allowFrom' }).first().waitFor();
    expect(told).toEqual([]);
    await page.close();
  }, 60_000);

  test('the reference has the docstrings, with what is refused', async () => {
    const { page, told } = await opened('reference/Interface.GatewaySettingsProps.html', DESK, 'light');
    expect(await page.locator('.vp-doc').textContent()).toMatch(/adminCidr|engine/);
    expect(await page.locator('.VPSidebar').textContent()).toContain('PortGatewayProps');
    expect(told).toEqual([]);
    await page.close();
  }, 60_000);
});
