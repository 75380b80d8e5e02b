import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OnChange } from '../../lib/constructs/on-change';
import { Forward } from '../../lib/forward/forward';
import type { Effect } from '../../lib/plan/change/resources';
import { FIGURES } from '../../lib/plan/change/traffic';
import type { PortwayStackProps } from '../../lib/portway-stack-props';
import { BASE, changed, MODES } from '../plan/change/stacks';
import { PUBLIC_KEY } from '../snapshots/canonical';

// A synth takes seconds on a busy machine.
jest.setTimeout(60_000);

const read = (path: string) => readFileSync(join(__dirname, '..', '..', path), 'utf8');
/** The pages with the table. README has the default only. */
const PAGES: readonly { readonly page: string; readonly modes: readonly OnChange[] }[] = [
  { page: 'README.md', modes: ['live'] },
  { page: 'docs/operations/deploy.md', modes: MODES },
];

interface Row {
  /** The first cell names the props. */
  readonly props: string;
  readonly cells: Readonly<Partial<Record<OnChange, string>>>;
}

/** Rows of a page's table of what a change does. */
function table(page: string): readonly Row[] {
  const lines = read(page).split('\n');
  const head = lines.findIndex((line) => /^\| change +\| .*('live'.*'restart'.*'replace'|to the host)/.test(line));
  const rows = lines.slice(head + 2, lines.indexOf('', head));
  return rows.map((row) => {
    const [props = '', first = '', ...others] = row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (others.length === 0) return { props, cells: { live: first } };
    const [restart, replace] = others.map((cell) => (cell === 'the same' ? first : cell));
    return { props, cells: { live: first, restart, replace } } as Row;
  });
}

/** What a cell says about the host. */
function effectIn(cell: string): Effect | undefined {
  if (/^nothing stops|^\*\*nothing stops/.test(cell)) return 'live';
  if (/^nothing|not touched/.test(cell)) return 'nothing';
  if (/^\*{0,2}replace|new instance/.test(cell)) return 'replace';
  return /restart|stops? and starts?/.test(cell) ? 'restart' : undefined;
}

const web = Forward.http({ listen: 80, to: 9090 });
/** A change of each prop that the tables name. */
const CHANGES: readonly (readonly [prop: string, after: Partial<PortwayStackProps>])[] = [
  ['`adminCidr`', { adminCidr: '203.0.113.8/32' }],
  ['`flowLogs`', { flowLogs: true }],
  ['`detailedMonitoring`', { detailedMonitoring: true }],
  ['`forwards`', { forwards: { ...BASE.forwards, web } }],
  ['`instanceType`', { instanceType: 't4g.small' }],
  ['key', { sshPublicKey: `${PUBLIC_KEY.slice(0, -18)}x` }],
  ['`os`', { os: 'debian-12' }],
  ['`architecture`', { architecture: 'x86_64' }],
  ['`diskGiB`', { diskGiB: 20 }],
  ['`availabilityZoneIndex`', { availabilityZoneIndex: 1 }],
];

const told = new Map<string, Effect>();

/** What portway plan tells. Both pages need it. */
function toldOf(mode: OnChange, prop: string, after: Partial<PortwayStackProps>): Effect {
  const host = told.get(`${mode} ${prop}`) ?? changed(mode, after).host;
  told.set(`${mode} ${prop}`, host);
  return host;
}

describe.each(PAGES)('the table of $page', ({ page, modes }) => {
  const rows = table(page);

  test.each(CHANGES)('says of %s what portway plan tells', (prop, after) => {
    const row = rows.find(({ props }) => new RegExp(`(^|[ ,])${prop}`).test(props));
    for (const mode of modes)
      expect([mode, effectIn(row?.cells[mode] ?? 'no row')]).toEqual([mode, toldOf(mode, prop, after)]);
  });

  test('has the figures that portway plan tells', () => {
    const text = read(page);
    expect(text).toContain(FIGURES.live.lost);
    expect(text).toContain(FIGURES.live.after);
    for (const mode of modes) if (mode !== 'live') expect(text).toContain(FIGURES[mode]);
  });
});
