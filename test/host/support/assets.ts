import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ASSETS = join(__dirname, '../../../assets');

/** A file of assets/ as it is in the repository. */
export function asset(name: string): string {
  return readFileSync(join(ASSETS, name), 'utf8');
}
