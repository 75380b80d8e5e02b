import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { portwayRecord, qemuVersion } from '../../src/report/built-with';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portway-built-with-'));
  writeFileSync(join(folder, 'package.json'), '{ "version": "1.2.3" }');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
    cwd: folder,
    encoding: 'utf8',
  }).trim();

test('a checkout has a commit, and says whether files differ from it', async () => {
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '--message', 'one');
  const commit = git('rev-parse', 'HEAD');
  expect(await portwayRecord(folder)).toEqual({ version: '1.2.3', commit, changed: false });
  writeFileSync(join(folder, 'app.ts'), '');
  expect(await portwayRecord(folder)).toEqual({ version: '1.2.3', commit, changed: true });

  const copy = join(folder, 'copy');
  mkdirSync(copy);
  writeFileSync(join(copy, 'package.json'), '{ "version": "1.2.4" }');
  expect(await portwayRecord(copy)).toEqual({ version: '1.2.4' });
});

test('a folder without git has no commit', async () => {
  expect(await portwayRecord(folder)).toEqual({ version: '1.2.3' });
});

test("the emulator's version", () => {
  const said = 'QEMU emulator version 10.0.7 (Debian 1:10.0.7+ds-0+deb13u1)\nCopyright (c) 2003-2025 Fabrice Bellard';
  expect(qemuVersion(said)).toBe('10.0.7');
});
