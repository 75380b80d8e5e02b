import { decodeBase85 } from '../base85';
import { bunzip2 } from '../bzip2/bunzip2';

/** Texts of the host's files by path. */
export type FileTexts = ReadonlyMap<string, string>;

/** By the packed text: two templates that are compared often have the same programs. */
const known = new Map<string, FileTexts>();

/** Files packed by `packedFiles`. @throws Error if the text is something else */
export function unpackFiles(text: string): FileTexts {
  const found = known.get(text) ?? unpack(text);
  known.set(text, found);
  return found;
}

function unpack(text: string): FileTexts {
  const parts = Buffer.from(bunzip2(decodeBase85(text.replaceAll('.', '{'))))
    .toString()
    .split('\0');
  const files = new Map<string, string>();
  for (let i = 0; i + 2 < parts.length; i += 3) files.set(parts[i] ?? '', parts[i + 2] ?? '');
  return files;
}
