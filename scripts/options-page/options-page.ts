import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeTables } from './page';
import { libraryProject } from './project';
import { type Prop, type Root, readProps } from './read-props';

/** What a user writes: the stack's props, and what the factories take. */
const ROOTS: readonly Root[] = [
  { name: 'PortwayStackProps' },
  { name: 'PortwayFleetProps' },
  { name: 'Forward' },
  { name: 'Tls', prefix: 'tls.' },
];

const REPOSITORY = join(__dirname, '..', '..');

export const PAGE = join(REPOSITORY, 'docs', 'options.md');

export function publicProps(): readonly Prop[] {
  return readProps(libraryProject(join(REPOSITORY, 'lib')), ROOTS);
}

/** docs/options.md with its tables up to date. */
export function optionsPage(): string {
  return writeTables(readFileSync(PAGE, 'utf8'), publicProps());
}
