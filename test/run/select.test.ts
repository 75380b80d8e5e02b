import type { Part } from './part';
import { PASSED } from './part';
import { namesOf, select } from './select';

const part = (name: string, ...groups: string[]): Part => ({
  name,
  groups,
  about: name,
  limitMinutes: 1,
  run: async () => PASSED,
});
const parts = [part('types'), part('shell', 'lint'), part('links', 'lint'), part('unit')];
const names = (only: string[], skip: string[] = []) => select(parts, only, skip).map(({ name }) => name);

test('without a selection all parts run, in their order', () => {
  expect(names([])).toEqual(['types', 'shell', 'links', 'unit']);
});

test('parts and groups are selected and left out by name', () => {
  expect(names(['unit', 'lint'])).toEqual(['shell', 'links', 'unit']);
  expect(names([], ['lint'])).toEqual(['types', 'unit']);
  expect(names(['lint'], ['links'])).toEqual(['shell']);
});

test('what is for the night runs by its name alone, and is listed', () => {
  const all = [...parts, { ...part('arm', 'slow'), nightly: true as const }];
  const chosen = (only: string[], listed = false) => select(all, only, [], listed).map(({ name }) => name);
  expect(chosen([])).not.toContain('arm');
  expect(chosen(['arm'])).toEqual(['arm']);
  expect(chosen(['slow', 'unit'])).toEqual(['unit', 'arm']);
  expect(chosen([], true)).toContain('arm');
});

test('an unknown name, and a selection that leaves nothing, are refused', () => {
  expect(() => names(['units'])).toThrow(/must name parts \(types, shell, lint, links, unit\), got: units/);
  expect(() => names(['lint'], ['lint'])).toThrow(/leave no part/);
});

test('names come comma separated and in several options', () => {
  expect(namesOf('a,b', ['x'])).toEqual(['x', 'a', 'b']);
  expect(namesOf('a, b,,')).toEqual(['a', 'b']);
});
