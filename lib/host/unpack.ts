import { inflate } from 'pako';
import { decodeBase85 } from './base85';
import { bunzip2 } from './bzip2/bunzip2';

/** Texts of the host's files by path. */
export type FileTexts = ReadonlyMap<string, string>;

/** Files written by `section`. Other lines before and between them are skipped. */
export function readSections(text: string): FileTexts {
  const lines = text.split('\n');
  const files = new Map<string, string>();
  for (let i = 0; i < lines.length; i++) {
    const [, path, count] = /^#portway-file \d+ (\S+) (\d+)$/.exec(lines[i] ?? '') ?? [];
    if (path === undefined) continue;
    const end = i + 1 + Number(count);
    files.set(
      path,
      lines
        .slice(i + 1, end)
        .map((line) => `${line}\n`)
        .join(''),
    );
    i = end - 1;
  }
  return files;
}

/**
 * Files packed by `packSections`.
 * @param script what stands before the first file in user-data: the dictionary
 * @throws Error if the text is something else
 */
export function unpackSections(text: string, script: string): FileTexts {
  const dictionary = new TextEncoder().encode(script);
  return readSections(inflate(decodeBase85(text.replaceAll('\n', '')), { dictionary, toText: true }) as string);
}

/** Files packed by `packForParameters`. @throws Error if the text is something else */
export function unpackFromParameters(text: string): FileTexts {
  const json = inflate(decodeBase85(text.replaceAll('.', '{')), { toText: true }) as string;
  const files = JSON.parse(json) as readonly { readonly path: string; readonly text: string }[];
  return new Map(files.map(({ path, text }) => [path, text]));
}

/** Files packed by `packedFiles` for a live host. @throws Error if the text is something else */
export function unpackFiles(text: string): FileTexts {
  const parts = Buffer.from(bunzip2(decodeBase85(text.replaceAll('.', '{'))))
    .toString()
    .split('\0');
  const files = new Map<string, string>();
  for (let i = 0; i + 2 < parts.length; i += 3) files.set(parts[i] ?? '', parts[i + 2] ?? '');
  return files;
}
