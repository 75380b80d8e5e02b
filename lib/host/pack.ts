import { deflate } from 'pako';
import { readAsset } from './assets';
import { encodeBase85 } from './base85';
import type { HostFile } from './host-file';

/** A file as portway.sh finds it in user-data: so many lines after its header. */
export function section({ mode, path, text }: HostFile): string {
  return `#portway-file ${mode} ${path} ${text.split('\n').length - 1}\n${text}`;
}

/**
 * zlib's format as text, with the script that unpacks it as dictionary: scripts have words in common. The library's version is
 * pinned and it has no native part: zlib's bytes differ between versions of Node, and other bytes would restart every gateway.
 */
export function packSections(files: readonly HostFile[]): string {
  // As far as the host finds it: up to the line break before the first file.
  const dictionary = Buffer.from(readAsset('portway.sh').slice(0, -1));
  const packed = deflate(Buffer.from(files.map(section).join('')), { level: 9, memLevel: 9, dictionary });
  return encodeBase85(packed).replace(/.{1,900}/g, '$&\n');
}

/**
 * Files as one line of text that a parameter of Systems Manager takes: it refuses two opening braces in a row, since it reads
 * them as the name of another parameter. fetch.py puts the brace back.
 * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
 */
export function packForParameters(files: readonly HostFile[]): string {
  const json = JSON.stringify(files.map(({ path, mode, text }) => ({ path, mode, text })));
  return encodeBase85(deflate(Buffer.from(json), { level: 9, memLevel: 9 })).replaceAll('{', '.');
}
