import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ASSETS = join(__dirname, '../../../assets');

/** A file of assets/ as it is in the repository, by its path on the host. */
export function asset(path: string): string {
  return readFileSync(join(ASSETS, path), 'utf8');
}
