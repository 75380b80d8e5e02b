import { deflate } from 'pako';
import { BOOT_SCRIPT, readAsset } from './assets';
import { encodeBase85 } from './base85';
import type { HostFile } from './host-file';

/** A file in user-data, as portway.sh reads it: a header with the number of lines, then the lines. */
export function section({ mode, path, text }: HostFile): string {
  return `#portway-file ${mode} ${path} ${text.split('\n').length - 1}\n${text}`;
}

/**
 * Files in zlib format, as text. The dictionary is the script that unpacks them: scripts have words in common. Uses pako, pinned
 * and without native code: the output of Node's zlib differs between versions, and different bytes would restart every gateway.
 */
export function packSections(files: readonly HostFile[]): string {
  // The part that the host can read back: without the last line break.
  const dictionary = Buffer.from(readAsset(BOOT_SCRIPT).slice(0, -1));
  const packed = deflate(Buffer.from(files.map(section).join('')), { level: 9, memLevel: 9, dictionary });
  return encodeBase85(packed).replace(/.{1,900}/g, '$&\n');
}

/**
 * Files as one line of text for a parameter of Systems Manager. It rejects `{{`, which it reads as a reference to another parameter,
 * so braces are replaced; fetch.py restores them.
 * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
 */
export function packForParameters(files: readonly HostFile[]): string {
  const json = JSON.stringify(files.map(({ path, mode, text }) => ({ path, mode, text })));
  return encodeBase85(deflate(Buffer.from(json), { level: 9, memLevel: 9 })).replaceAll('{', '.');
}
