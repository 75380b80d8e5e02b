import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE } from '../../../lib/host/assets';
import type { Host } from './host';

const ASSETS = join(__dirname, '../../../assets');

/** A file of assets/ as it is in the repository, by its path on the host. */
export function asset(path: string): string {
  return readFileSync(join(ASSETS, path), 'utf8');
}

/** Puts the program `portway` and its whole package on a test host. */
export async function writePackage(host: Host): Promise<void> {
  await host.write('/usr/local/bin/portway', asset('/usr/local/bin/portway'), '0755');
  const modules = readdirSync(join(ASSETS, PACKAGE)).filter((name) => name.endsWith('.py'));
  for (const name of modules) await host.write(`${PACKAGE}/${name}`, asset(`${PACKAGE}/${name}`));
}
