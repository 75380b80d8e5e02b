import { decodeBase85 } from '../base85';
import { bunzip2 } from '../bzip2/bunzip2';

/** Texts of the host's files by path. */
export type FileTexts = ReadonlyMap<string, string>;

/** Files packed by `packedFiles`. @throws Error if the text is something else */
export function unpackFiles(text: string): FileTexts {
  const parts = Buffer.from(bunzip2(decodeBase85(text.replaceAll('.', '{'))))
    .toString()
    .split('\0');
  const files = new Map<string, string>();
  for (let i = 0; i + 2 < parts.length; i += 3) files.set(parts[i] ?? '', parts[i + 2] ?? '');
  return files;
}
