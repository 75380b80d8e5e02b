import { assetFiles, PACKAGE } from '../assets';
import type { HostFile } from '../host-file';

const MODULES = ['aws', 'boot', 'deployed', 'lock', 'parts', 'paths', 'place', 'say', 'setting_up', 'trees'];

/** What every host needs to read its content from Parameter Store and set it up. */
export function bootFiles({ live }: { readonly live: boolean }): readonly HostFile[] {
  const modules = live ? MODULES : [...MODULES, 'named'];
  return assetFiles(...modules.map((module) => `${PACKAGE}/${module}.py`));
}
