import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostFile } from './host-file';

/** The host's file tree: each file lies where it goes. */
const TREE = join(__dirname, '..', '..', 'assets');

/** Where programs and their parts lie on the host. */
export const PROGRAMS = '/usr/local/lib/portway';
export const UNITS = '/etc/systemd/system';
/** The part of user-data, where cloud-init puts it. */
export const BOOT_SCRIPT = '/var/lib/cloud/scripts/per-boot/portway.sh';

/**
 * A file of assets/ as it is packed: without full-line comments and blank lines, and with half the indentation. Those would take a
 * quarter of the 16 KB, and an edited comment would restart every gateway. So no multi-line string in a script may depend on its
 * leading spaces.
 *
 * @param path where the file lies on the host
 */
export function readAsset(path: string): string {
  const lines = readFileSync(join(TREE, path), 'utf8').split('\n');
  const kept = lines.filter((line, i) => !/^\s*(#|$)/.test(line) || (i === 0 && line.startsWith('#!')));
  return `${kept.map((line) => line.replace(/^( +)\1/, '$1')).join('\n')}\n`;
}

/**
 * A file of assets/ for the host. What begins with `#!` is a program and may be executed. The mode bits of the working copy are not
 * asked: they differ between systems, and other modes would restart every gateway.
 *
 * @param path where the file lies on the host
 */
export function assetFile(path: string): HostFile {
  const text = readAsset(path);
  return { path, mode: text.startsWith('#!') ? '0755' : '0644', text, origin: 'script' };
}

/** Several files of assets/, by their paths on the host. */
export function assetFiles(...paths: readonly string[]): readonly HostFile[] {
  return paths.map(assetFile);
}
