import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bundlePackage } from '../../../scripts/package/build';
import { ROOT } from '../paths';

/**
 * Builds the package as npm gets it, without its types, in a folder of the project, where it finds the CDK.
 * @returns its main file
 */
export async function builtPackage(): Promise<string> {
  const folder = join(ROOT, '.bench/package');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await bundlePackage(join(folder, 'dist'));
  await cp(join(ROOT, 'assets'), join(folder, 'assets'), { recursive: true });
  return join(folder, 'dist/lib/index.js');
}
