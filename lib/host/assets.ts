import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostFile } from './host-file';

const FOLDER = join(__dirname, '..', '..', 'assets');

/**
 * A file of assets/ as it goes into user-data: without full-line comments and blank lines, and with half the indentation. Those
 * would take a quarter of the 16 KB, and an edited comment would restart every gateway. So no multi-line string in a script may
 * depend on its leading spaces.
 */
export function readAsset(name: string): string {
  const lines = readFileSync(join(FOLDER, name), 'utf8').split('\n');
  const kept = lines.filter((line, i) => !/^\s*(#|$)/.test(line) || (i === 0 && line.startsWith('#!')));
  return `${kept.map((line) => line.replace(/^( +)\1/, '$1')).join('\n')}\n`;
}

export function assetFile(name: string, path: string, mode: string): HostFile {
  return { path, mode, text: readAsset(name), origin: 'script' };
}

/** A part of host.sh for hosts that need it. */
export function partFile(name: string): HostFile {
  return assetFile(`host.d/${name}.sh`, `/usr/local/lib/portway/host.d/${name}.sh`, '0644');
}

/** Kernel settings. */
export function sysctlFile(name: string): HostFile {
  return assetFile(`sysctl.d/${name}`, `/etc/sysctl.d/${name}`, '0644');
}
