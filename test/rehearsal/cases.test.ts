import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Forward } from '../../lib/forward/forward';
import type { RehearsalCase } from '../../lib/rehearsal/case';
import { chooseCases, DEFAULT_CASES, groupCases, loadCases, type NamedCase } from '../../lib/rehearsal/cases';
import { atOnce, planRuns } from '../../lib/rehearsal/runs';

const one = (name: string, more: Partial<RehearsalCase> = {}): NamedCase => ({
  name,
  case: { about: name, steps: [], ...more },
});
const versions = (to: number) => ({
  first: { engine: 'iptables' as const, forwards: { web: Forward.tcp({ listen: 80, to }) } },
});
const names = (cases: readonly NamedCase[]) => cases.map(({ name }) => name);

test('the cases of the project: each is one, and those of the default rehearsal come first', async () => {
  const all = await loadCases();
  expect(names(all).slice(0, 2)).toEqual(DEFAULT_CASES);
  expect(names(chooseCases(all, []))).toEqual(DEFAULT_CASES);
  expect(chooseCases(all, ['all'])).toEqual(all);
  for (const { name, case: found } of all) {
    expect(name).toMatch(/^[a-z0-9-]+$/);
    expect(found.about.length).toBeGreaterThan(20);
    expect(found.about).not.toContain('\n');
    for (const { title } of found.steps) expect(title).not.toBe('');
  }
});

test('a folder without a case is named', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'portway-cases-'));
  try {
    mkdirSync(path.join(folder, 'empty'));
    mkdirSync(path.join(folder, 'notes'));
    writeFileSync(path.join(folder, 'empty', 'case.ts'), 'export default { about: "nothing", steps: [] };\n');
    await expect(loadCases(folder)).rejects.toThrow(/empty\/case\.ts must have a RehearsalCase/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('cases are chosen by name, in their own order; unknown ones are told with those that are known', () => {
  const all = ['first-boot', 'reboot', 'power-off', 'x'].map((name) => one(name));
  expect(names(chooseCases(all, ['x', 'reboot']))).toEqual(['reboot', 'x']);
  expect(() => chooseCases(all, ['y', 'x', 'z'])).toThrow(
    '--case must be all, or one of first-boot, reboot, power-off, x, got: y, z',
  );
});

test('cases of one stack share a gateway; one that must be alone comes last on it, and each further one has its own', () => {
  const groups = groupCases([
    one('a'),
    one('own', { versions: versions(8080) }),
    one('alone', { alone: true }),
    one('b'),
    one('same', { versions: versions(8080) }),
    one('other', { versions: versions(9090) }),
    one('soon', { versions: versions(8080), signalExpires: 5 }),
    one('lonely', { alone: true }),
  ]);
  expect(groups.map(({ cases }) => names(cases))).toEqual([
    ['a', 'b', 'alone'],
    ['lonely'],
    ['own', 'same'],
    ['other'],
    ['soon'],
  ]);
});

test('runs: any stack is each engine of the shipped one, or the one that is named; names are unique', () => {
  const cases = [
    one('a'),
    one('l', { alone: true }),
    one('m', { alone: true }),
    one('v', { versions: versions(8080) }),
  ];
  const plan = (stack?: string) =>
    planRuns(cases, { stack, engines: ['iptables', 'nginx'], context: { os: 'debian-12' } }).map((run) => [
      run.name,
      run.source.stack,
      run.source.bootstrap,
      run.context,
      names(run.cases),
    ]);
  const os = { os: 'debian-12' };
  expect(plan()).toEqual([
    ['iptables', 'Portway', true, { ...os, engine: 'iptables' }, ['a', 'l']],
    ['nginx', 'Portway', true, { ...os, engine: 'nginx' }, ['a', 'l']],
    ['iptables-2', 'Portway', true, { ...os, engine: 'iptables' }, ['m']],
    ['nginx-2', 'Portway', true, { ...os, engine: 'nginx' }, ['m']],
    ['v', 'Portway', false, os, ['v']],
  ]);
  expect(plan('Team').map(([name, stack]) => [name, stack])).toEqual([
    ['Team', 'Team'],
    ['Team-2', 'Team'],
    ['v', 'Portway'],
  ]);
});

test('two runs at once where there is room, and no more', () => {
  const runs = (...cases: NamedCase[]) =>
    planRuns(cases, { stack: undefined, engines: ['iptables', 'nginx'], context: {} });
  const GIB = 2 ** 30;
  const idle = { cpus: 2, load: 0.5, memory: 4 * GIB };
  const both = runs(one('a'));
  expect(atOnce(both, idle)).toBe(2);
  expect(atOnce(both, { ...idle, cpus: 1 })).toBe(1);
  expect(atOnce(both, { ...idle, load: 7 })).toBe(1);
  expect(atOnce(both, { ...idle, memory: 3 * GIB })).toBe(1);
  const replaced = one('r', { versions: { first: { ...versions(8080).first, onChange: 'replace' } } });
  expect(atOnce(runs(one('a'), replaced), idle)).toBe(1);
  expect(atOnce(runs(one('a'), replaced), { ...idle, memory: 5 * GIB })).toBe(2);
});
