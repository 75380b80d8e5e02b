import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CANONICAL } from './canonical';
import { reviewFiles } from './review-files';

const EXPECTED = join(__dirname, 'expected');
/** `UPDATE_SNAPSHOTS=1 npx jest snapshots` writes them anew; the diff is then read in the pull request. */
const update = process.env.UPDATE_SNAPSHOTS !== undefined;

describe.each(Object.keys(CANONICAL))('canonical stack %s', (name) => {
  const folder = join(EXPECTED, name);
  const files = reviewFiles(name);

  if (update) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  }

  test('has exactly these files to review', () => {
    expect(existsSync(folder) ? readdirSync(folder).sort() : []).toEqual(Object.keys(files).sort());
  });

  test.each(Object.keys(files))('%s is as reviewed', (file) => {
    expect(files[file]).toBe(readFileSync(join(folder, file), 'utf8'));
  });

  test('contains nothing that differs between machines or days', () => {
    const all = Object.values(files).join('\n');
    expect(all).not.toMatch(/[0-9a-f]{16}(?![0-9A-F])(?=["'\s;])/);
    expect(all).not.toMatch(/ami-[0-9a-f]|\d{4}-\d\d-\d\dT|\r|node_modules/);
    expect(all).toMatch(/^[\n\t\x20-\x7e]*$/);
  });
});

test('has no snapshots of removed stacks', () => {
  expect(readdirSync(EXPECTED).sort()).toEqual(Object.keys(CANONICAL).sort());
});
