import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Engine, Forward } from '../../lib/forward/forward';
import type { RehearsalCase } from '../src/case';
import { chooseCases, DEFAULT_CASES, groupCases, loadCases, type NamedCase } from '../src/cases';
import { atOnce, planRuns } from '../src/runs';

const one = (name: string, more: Partial<RehearsalCase> = {}): NamedCase => ({
  name,
  case: { about: name, steps: [], ...more },
});
const versions = (to: number) => ({
  first: {
    engine: 'iptables' as const,
    onChange: 'restart' as const,
    forwards: { web: Forward.tcp({ listen: 80, to }) },
  },
});
const names = (cases: readonly NamedCase[]) => cases.map(({ name }) => name);

test('the cases of the project: each is one, and those of the default rehearsal come first', async () => {
  const all = await loadCases();
  expect(names(all).slice(0, 3)).toEqual(DEFAULT_CASES);
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

test('cases of one stack share a gateway; one that leaves it changed comes after them, then those that take any', () => {
  const groups = groupCases([
    one('a'),
    one('own', { versions: versions(8080) }),
    one('changing', { leavesChanged: true }),
    one('any', { leavesChanged: true, takesAny: true }),
    one('b'),
    one('same', { versions: versions(8080) }),
    one('other', { versions: versions(9090) }),
    one('lonely', { leavesChanged: true }),
    one('anything', { leavesChanged: true, takesAny: true }),
    one('any version', { versions: versions(9090), leavesChanged: true, takesAny: true }),
  ]);
  expect(groups.map(({ cases }) => names(cases))).toEqual([
    ['a', 'b', 'changing', 'any', 'anything'],
    ['lonely'],
    ['own', 'same'],
    ['other', 'any version'],
  ]);
});

test('runs: those with the most steps first; the shipped stack is each engine, and one with both for what is no default case', () => {
  const cases = [
    one('reboot'),
    one('l', { leavesChanged: true }),
    one('m', { leavesChanged: true }),
    one('v', { versions: versions(8080), steps: [{ title: 'a step', run: async () => undefined }] }),
  ];
  const os = { os: 'debian-12' };
  const plan = (engines: readonly Engine[], stack?: string) =>
    planRuns(cases, { stack, engines, context: os }).map(({ name, source, context, cases: own }) => [
      ...[name, source.stack, source.bootstrap, context, names(own)],
    ]);
  expect(plan(['iptables', 'nginx'])).toEqual([
    // Live changes need a bucket; all versions of this one restart.
    ['v', 'Portway', false, os, ['v']],
    ['iptables', 'Portway', true, { ...os, engine: 'iptables' }, ['reboot']],
    ['nginx', 'Portway', true, { ...os, engine: 'nginx' }, ['reboot']],
    ['both-engines', 'Portway', true, os, ['l']],
    ['both-engines-2', 'Portway', true, os, ['m']],
  ]);
  expect(plan(['nginx']).map(([name, , , context, own]) => [name, context, own])).toEqual([
    ['v', os, ['v']],
    ['nginx', { ...os, engine: 'nginx' }, ['reboot', 'l']],
    ['nginx-2', { ...os, engine: 'nginx' }, ['m']],
  ]);
  expect(plan([], 'Team').map(([name, stack, , , own]) => [name, stack, own])).toEqual([
    ['v', 'Portway', ['v']],
    ['Team', 'Team', ['reboot', 'l']],
    ['Team-2', 'Team', ['m']],
  ]);
});

/** A fleet of which only the capacity matters here. */
const fleet = (max: number) => ({ first: { capacity: { min: 2, max }, bootMinutes: 9 } as never });

test('cases about one fleet share it, and it is its own stack', () => {
  const cases = [one('scale', { fleet: fleet(4) }), one('boot', { fleet: fleet(3) }), one('dies', { fleet: fleet(3) })];
  const runs = planRuns([...cases, one('reboot')], { stack: 'Team', engines: [], context: {} });
  expect(runs.map(({ name, source, cases: own }) => [name, source.stack, source.bootstrap, names(own)])).toEqual([
    ['scale', 'Fleet', true, ['scale']],
    ['boot', 'Fleet', true, ['boot', 'dies']],
    ['Team', 'Team', true, ['reboot']],
  ]);
});

test('two runs at once where there is room, and no more', () => {
  const runs = (...cases: NamedCase[]) =>
    planRuns(cases, { stack: undefined, engines: ['iptables', 'nginx'], context: {} });
  const GIB = 2 ** 30;
  const idle = { cpus: 2, load: 0.5, memory: 4 * GIB };
  const both = runs(one('reboot'));
  expect(atOnce(both, idle)).toBe(2);
  expect(atOnce(both, { ...idle, cpus: 1 })).toBe(1);
  expect(atOnce(both, { ...idle, load: 7 })).toBe(1);
  expect(atOnce(both, { ...idle, memory: 3 * GIB })).toBe(1);
  const replaced = one('r', { versions: { first: { ...versions(8080).first, onChange: 'replace' } } });
  expect(atOnce(runs(one('reboot'), replaced), idle)).toBe(1);
  expect(atOnce(runs(one('reboot'), replaced), { ...idle, memory: 5 * GIB })).toBe(2);
  // Three hosts and one gateway.
  const large = runs(one('reboot'), one('f', { fleet: fleet(3) }));
  expect(atOnce(large, { ...idle, memory: 6 * GIB })).toBe(1);
  expect(atOnce(large, { ...idle, memory: 7 * GIB })).toBe(2);
});
