import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { printImported } from '../../lib/import/print';
import { readImported } from '../../lib/import/read';
import { recognize } from '../../lib/import/recognize';
import { problemsOf } from '../support/stack-problems';
import { samples } from './corpus';

const ROOT = join(__dirname, '..', '..');
const EXPECTED = join(__dirname, 'expected');
const FILES = samples();

/** What the command prints, run at the project's root. */
function printed(path: string, text: string): string {
  const file = relative(ROOT, path);
  return printImported(readImported(file, text, recognize(text)), file);
}

test('there are many, of all kinds', () => {
  expect(FILES.length).toBeGreaterThanOrEqual(25);
  for (const { name, text } of FILES) expect(`${name} ${recognize(text)}`).toMatch(/^(\w+)-\S+ \1$/);
});

// `npm run typecheck` compiles the expected files as well.
test.each(FILES.map((one) => [one.name, one] as const))('%s is printed as expected', (name, { path, text }) => {
  const file = join(EXPECTED, `${name}.ts`);
  const found = printed(path, text);
  if (process.env.UPDATE_SNAPSHOTS !== undefined) writeFileSync(file, found);
  expect(existsSync(file) ? readFileSync(file, 'utf8') : undefined).toBe(found);
});

test.each(FILES.map(({ name }) => name))('%s passes the checks of a stack', (name) => {
  const { imported } = require(join(EXPECTED, `${name}.ts`));
  expect(Object.keys(imported.forwards)).not.toEqual([]);
  expect(problemsOf({ adminCidr: '203.0.113.7/32', ...imported })).toEqual([]);
});

test('nothing is expected of files that are gone', () => {
  expect(readdirSync(EXPECTED).toSorted()).toEqual(FILES.map(({ name }) => `${name}.ts`).toSorted());
});

test('everything that keeps somebody out is named first, or the place is left out', () => {
  const { path, text } = FILES.find(({ name }) => name === 'nginx-guarded') ?? { path: '', text: '' };
  const { remarks, forwards } = readImported(path, text, 'nginx');
  const named = remarks.filter(({ fate }) => fate === 'unprotected').map(({ line }) => line);
  expect([...new Set(named)]).toEqual([7, 8, 9, 11, 12, 13, 14, 15, 16]);
  expect(Object.keys(forwards.web81?.props.routes ?? {})).toEqual(['/open/*']);
});
