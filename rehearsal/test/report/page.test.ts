import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pageOutcome } from '../../../test/run/parts/rehearsal';
import { html } from '../../src/report/html';
import { page } from '../../src/report/page';
import type { RehearsalReport } from '../../src/report/record';
import { reportLine, reportText, scansTable } from '../../src/report/text';
import { writeReport } from '../../src/report/write';
import { fixture, layFiles } from './fixture';

const { report, files } = fixture();
const render = (more: Partial<RehearsalReport> = {}, texts = files) => page({ ...report, ...more }, texts, 'p{}');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'portway-report-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a run that passed: every check, step, rule and file stands on the page', () => {
  const text = render();
  expect(text).toContain('<h1>The rehearsal passed</h1>');
  expect(text).not.toContain('class="wrong"');
  expect(report.checks.length).toBeGreaterThan(50);
  for (const { what } of report.checks) expect(text).toContain(html`<span class="what">${what}</span>`.text);
  const steps = [...report.preparation, ...report.runs.flatMap((run) => run.steps)];
  for (const { title } of steps) expect(text).toContain(html`<span class="step">${title}</span>`.text);
  for (const run of report.runs) {
    for (const { name, about } of run.cases)
      expect(text).toContain(html`<span class="case">${name}</span> <span class="about">${about}</span>`.text);
    for (const { at, what } of run.events)
      expect(text).toContain(
        html`<td class="number">${at} s</td><th scope="row">${run.gateway?.instanceId}</th><td class="event">${what}`
          .text,
      );
    for (const name of run.files) expect(text).toContain(`<summary>${name}</summary>`);
    for (const { cidrs4 } of run.gateway?.securityGroups.flatMap(({ ingress }) => ingress) ?? [])
      expect(text).toContain(`<td>${cidrs4.join(', ')}</td>`);
    expect(text).toContain(`id="lab-${run.name}-desc"`);
  }
});

test('the page says which Portway ran on what', () => {
  expect(render()).toContain(
    'Portway 0.1.0, commit 5060371a6f3b; debian-13 on QEMU 10.0.7 by software emulation, since KVM does not work here.',
  );
  const machine = { os: 'debian-12', qemu: '10.0.7', acceleration: 'kvm' } as const;
  expect(render({ portway: { version: '1.0.0', commit: 'abc', changed: true }, machine })).toContain(
    'Portway 1.0.0, commit abc with changes; debian-12 on QEMU 10.0.7 by KVM.',
  );
  const { machine: _none, ...early } = report;
  expect(page({ ...early, portway: { version: '1.0.0' } }, {}, '')).toContain(
    'Portway 1.0.0, no commit known. No machine was started.',
  );
});

test('which port each party found; where that changed, when', () => {
  const scan = (phase: string, party: 'stranger' | 'admin', open: number[], refused: number[] = []) => ({
    ...{ phase, party, open, refused, tried: 9 },
  });
  const scans = [
    ...[scan('first boot', 'stranger', [80]), scan('first boot', 'admin', [22, 80])],
    ...[scan('change', 'stranger', [80, 81]), scan('change', 'admin', [22, 80, 81], [443])],
  ];
  const [first] = report.runs;
  const text = render({ runs: [{ ...first, scans } as (typeof report.runs)[number]] });
  expect(text).toContain('<caption>TCP ports of the Elastic IP, iptables (first boot, change)</caption>');
  const row = (title: string) => text.split(`<tr><th scope="row">${title}</th>`)[1]?.split('</tr>')[0];
  expect(row('22')).toBe('<td class="silent">no answer</td><td class="open">● open</td>');
  expect(row('80')).toBe('<td class="open">● open</td><td class="open">● open</td>');
  const later = '<td><p class="silent">no answer: first boot</p><p class="open">● open: change</p></td>';
  expect(row('81')).toBe(later + later);
  expect(row('443')).toContain('<p class="refused">× refused: change</p>');
  expect(row('others')).toContain('<p class="silent">8 of 9 gave no answer: first boot</p>');

  const many = Array.from({ length: 100 }, (_, i) => i + 1000);
  const full = render({ runs: [{ ...first, scans: [scan('x', 'admin', [], many)] } as (typeof report.runs)[number]] });
  expect(full).toContain('<th scope="row">others (63 of them answered)</th>');
});

test('hosts that the stack names are in the picture, on their side of the router, and no others', () => {
  const hosts = ['10.0.1.20', '198.51.100.77', '192.168.7.7', '9.9.9.9', '8.8.8.8'];
  const [first] = report.runs;
  const text = render({ runs: [{ ...first, hosts } as (typeof report.runs)[number]] });
  expect(text).toContain('>hosts at 198.51.100.77, 2 more</text>');
  for (const address of ['10.0.1.20', '192.168.7.7']) expect(text).toContain(`>${address}</text>`);
  expect(text).toContain(`The stack&#39;s forwards name hosts at ${hosts.join(', ')}.`);
  expect(text).toContain('>targets</text>');
  // The fixture's forwards lead to the gateway itself.
  expect(render()).not.toMatch(/hosts at |>targets<|10\.0\.1\.1/);
});

test('a fleet is drawn as no gateway', () => {
  const [first] = report.runs;
  const { gateway: _, ...run } = first as (typeof report.runs)[number];
  const text = render({ runs: [{ ...run, isFleet: true }] });
  expect(text).toContain('A fleet has no picture here.');
  expect(text).not.toContain('not there yet');
});

test('the page names nothing outside of itself', () => {
  const text = render();
  expect(text).not.toMatch(/<(script|link|img|iframe|object|base)\b|\b(src|srcset)=|@import|url\(/i);
  // Addresses in logs are only text; links stay within the page.
  expect([...text.matchAll(/href="([^"]*)"/g)].map(([, to]) => to)).toEqual([
    ...['#ports', '#timeline', '#iptables', '#nginx'],
    ...['#iptables', '#nginx'],
  ]);
});

test('a hostile line becomes no markup, wherever it comes from', () => {
  const hostile = `</pre></td></title></style><script>alert(1)</script><img src=x onerror='a("b")'>`;
  const check = { run: 'nginx', phase: hostile, what: hostile, result: 'failed' as const, at: 1, seen: hostile };
  const runs = report.runs.map((run) => ({
    ...run,
    steps: [{ title: hostile, begin: 1, seconds: 2, result: 'passed' as const }],
    scans: [{ phase: hostile, party: 'admin' as const, open: [80], refused: [], tried: 3 }],
    ...(run.gateway ? { gateway: { ...run.gateway, publicIp: hostile, instanceId: hostile } } : {}),
  }));
  const text = render(
    { runs, checks: [check], folder: hostile, failure: hostile, leftBehind: [hostile], passed: false },
    { nginx: { [hostile]: hostile } },
  );
  expect(text).not.toMatch(/<(script|img)/);
  expect(text.match(/<\/(style|title)>/g)).toHaveLength(render().match(/<\/(style|title)>/g)?.length ?? 0);
  expect(text.split('&lt;script&gt;').length).toBeGreaterThan(15);
});

test('a run that failed says so at its top, with the failing line', () => {
  const seen = "cdk deploy: 'nginx needs port tcp/80, which another program holds'";
  const check = { run: 'nginx', phase: 'first boot', what: 'it boots', result: 'failed' as const, at: 9, seen };
  const text = render({ passed: false, checks: [check], leftBehind: ['namespace x: busy'] });
  expect(text).toContain('<h1>The rehearsal failed</h1>');
  const top = text.slice(0, text.indexOf('<main>'));
  expect(top).toContain(html`nginx, first boot: it boots: ${seen}`.text);
  expect(top).toContain('could not be cleaned up: namespace x: busy');
});

test('a run that was interrupted before anything was there has a page too', async () => {
  const runs = report.runs.map(({ name, cases, steps }) => ({
    name,
    cases: cases.map((one) => ({ ...one, result: 'not run' as const })),
    events: [],
    steps: steps.map(({ title }) => ({ title, result: 'skipped' as const })),
    hosts: [],
    scans: [],
  }));
  const { html: _none, ...rest } = report;
  const written = await writeReport({ ...rest, folder, checks: [], runs, interrupted: 'SIGINT' });
  expect(written).toMatchObject({ passed: false, html: path.join(folder, 'report.html') });
  const text = readFileSync(path.join(folder, 'report.html'), 'utf8');
  expect(text).toContain('<h1>The rehearsal was ended by SIGINT</h1>');
  expect(text).toContain('It did not get so far.');
  expect(reportLine(written)).toContain('The rehearsal was ended by SIGINT: 0 checks passed');
});

test('the files of the run are read, and the JSON beside the page says what the page shows', async () => {
  layFiles(folder, files);
  const written = await writeReport({ ...report, folder });
  expect(written.passed).toBe(true);
  expect(written.runs.map((run) => run.files)).toEqual(report.runs.map((run) => run.files));
  expect(JSON.parse(readFileSync(path.join(folder, 'report.json'), 'utf8'))).toEqual(written);
  expect(reportText(written)).toMatch(/Report, for a browser: .*report\.html$/);

  expect(await pageOutcome(written)).toMatchObject({ passed: 1, failed: 0 });
  const other = { run: 'nginx', phase: 'x', what: 'not there', result: 'passed' as const, at: 1 };
  expect(await pageOutcome({ ...written, checks: [other] })).toMatchObject({ passed: 0, failed: 1 });
});

test('the screen tells who found which ports', () => {
  const scans = report.runs[0]?.scans ?? [];
  expect(scansTable(scans, 'reboot').split('\n')).toEqual([
    '          22  80  443',
    '          --  --  ---',
    'stranger  ·   ●   ●    2 open of 1043',
    'admin     ●   ●   ●    3 open of 1043',
  ]);
  const many = Array.from({ length: 20 }, (_, i) => i + 1);
  const closed = scansTable([{ phase: 'x', party: 'admin', open: [], refused: many, tried: 20 }], 'x');
  expect(closed).toMatch(/ 12 +and 8 more\n/);
  expect(closed).toMatch(/× +0 open of 20$/);
});

test('without a folder nothing is written', async () => {
  const written = await writeReport({ ...report, folder: path.join(folder, 'none'), failure: 'needs root' });
  expect(written).toMatchObject({ passed: false, failure: 'needs root' });
  expect(written.html).toBeUndefined();
});
