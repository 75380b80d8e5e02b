import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostFile } from './host-file';

const FOLDER = join(__dirname, '..', '..', 'assets');

/**
 * A file of assets/ as it enters user-data: without full-line comments and blank lines. They are for readers of this
 * repository; on the host they would cost a quarter of the 16 KB, and a comment mended here would restart every gateway.
 */
export function readAsset(name: string): string {
  const lines = readFileSync(join(FOLDER, name), 'utf8').split('\n');
  return `${lines.filter((line, i) => !/^\s*(#|$)/.test(line) || (i === 0 && line.startsWith('#!'))).join('\n')}\n`;
}

export function assetFile(name: string, path: string, mode: string): HostFile {
  return { path, mode, text: readAsset(name), origin: 'script' };
}
