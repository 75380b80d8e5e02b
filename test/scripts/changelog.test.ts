import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { notesOf, released } from '../../scripts/changelog/changelog';

const ROOT = join(__dirname, '..', '..');
const CHANGELOG = `# Changelog

## Unreleased

### Added

- A way in.

## 0.1.0 - 2026-11-23

- The first one.
`;

test('what is unreleased becomes a version, and its notes', () => {
  const after = released(CHANGELOG, '1.0.0-rc.1', '2026-12-01');
  expect(after).toContain('## Unreleased\n\n## 1.0.0-rc.1 - 2026-12-01\n\n### Added\n\n- A way in.\n\n## 0.1.0');
  expect(notesOf(after, 'v1.0.0-rc.1', '1.0.0-rc.1')).toBe('### Added\n\n- A way in.\n');
  expect(() => released(after, '1.0.0', '2026-12-02')).toThrow('CHANGELOG.md must list what changed');
  expect(() => released(after, '0.1.0', '2026-12-02')).toThrow('CHANGELOG.md must not have 0.1.0 yet');
});

test('a release of another version than that of package.json, or without notes, is refused', () => {
  expect(() => notesOf(CHANGELOG, 'v0.2.0', '0.1.0')).toThrow(
    "the tag must be that of package.json's version, v0.1.0, got: v0.2.0",
  );
  expect(() => notesOf(CHANGELOG, 'v0.2.0', '0.2.0')).toThrow('CHANGELOG.md must have a section of 0.2.0');
});

test("the program prints this version's notes, and one line where they are not asked by its tag", () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const program = ['--import', 'tsx', 'scripts/changelog/main.ts', 'notes'];
  const notes = execFileSync(process.execPath, [...program, `v${version}`], { cwd: ROOT, encoding: 'utf8' });
  expect(readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8')).toContain(notes.trim());
  const { status, stderr } = spawnSync(process.execPath, [...program, 'v99.0.0'], { cwd: ROOT, encoding: 'utf8' });
  expect([status, stderr]).toEqual([1, `the tag must be that of package.json's version, v${version}, got: v99.0.0\n`]);
}, 30_000);

test('a release changes nothing of CHANGELOG.md but the headings', () => {
  const before = readFileSync(join(ROOT, 'CHANGELOG.md'), 'utf8');
  const after = released(before, '99.0.0', '2026-12-01');
  expect(after.trim()).toBe(before.trim().replace('## Unreleased', '## Unreleased\n\n## 99.0.0 - 2026-12-01'));
});
