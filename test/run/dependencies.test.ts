import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { firstDifference } from '../../scripts/dependencies-installed';

type Packages = Record<
  string,
  { version?: string; integrity?: string; optional?: boolean; optionalDependencies?: Record<string, string> }
>;
const ROOT = path.join(__dirname, '..', '..');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'portway-dependencies-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (file: string, packages: Packages) => {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  writeFileSync(path.join(folder, file), JSON.stringify({ packages }));
};
const install = (packages: Packages) => {
  write('node_modules/.package-lock.json', packages);
  for (const name of Object.keys(packages)) write(`${name}/package.json`, {});
};
const a = { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } };

test('what the lock file asks for is there', () => {
  write('package-lock.json', { '': {}, ...a });
  install(a);
  expect(firstDifference(folder)).toBeUndefined();
});

test('nothing installed, another version, a folder that was deleted: each is seen', () => {
  write('package-lock.json', { '': {}, ...a });
  expect(firstDifference(folder)).toBe('node_modules');
  install({ 'node_modules/a': { version: '1.0.1', integrity: 'sha512-b' } });
  expect(firstDifference(folder)).toBe('node_modules/a');
  install(a);
  rmSync(path.join(folder, 'node_modules/a'), { recursive: true });
  expect(firstDifference(folder)).toBe('node_modules/a');
});

test('an optional package of another system may be missing', () => {
  write('package-lock.json', { '': {}, ...a, 'node_modules/win': { version: '1.0.0', optional: true } });
  install(a);
  expect(firstDifference(folder)).toBeUndefined();
});

// Otherwise npm ci refuses the whole lock file on every machine, and no clone could be installed.
test('the lock file names the optional packages of all systems', () => {
  const { packages } = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Packages };
  const names = new Set(Object.keys(packages).map((key) => key.slice(key.lastIndexOf('node_modules/') + 13)));
  const wanted = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
  expect(wanted.length).toBeGreaterThan(20);
  expect(wanted.filter((name) => !names.has(name))).toEqual([]);
});
