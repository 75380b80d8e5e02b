import type { HostFile } from '../host-file';
import { canBePacked, canBePlain, type Part, packedFiles, partsOf, plainFile, type StoredFile } from './parts';

/** A host's files as they are stored: some plain, the rest packed. */
export interface Division {
  /** Sorted by file, then by number. */
  readonly parts: readonly Part[];
  /**
   * One line for each plain file and one for the packed ones, sorted by name: the first 32 hexadecimal digits of the
   * SHA-256 of its values one after another, the number of its parts, and the name.
   */
  readonly list: string;
  /** Tokens whose values the parts' placeholders stand for. */
  readonly values: readonly string[];
}

/** The most parts. AWS writes about three parameters a second, and a stack has at most 500 resources. */
export const MAX_PARTS = 64;

/** Bytes reserved for a token's value in the pointer: enough for addresses, AWS host names and common ARNs. */
export const LONGEST_VALUE = 128;

/** Whether a file is stored line by line, unless there is no room for it. */
export function isPlain(file: HostFile): boolean {
  return file.origin !== 'script' && canBePlain(file);
}

/** Divides files by `isPlain`, but packs the `count` largest plain ones too. */
export function divide(files: readonly HostFile[], count: number): Division {
  const { plain, packed } = split(files, count);
  return division(plain, packed.length === 0 ? [] : [packedFiles(packed)]);
}

/** The plain files of a division alone, which cost next to nothing to know. */
export function dividePlain(files: readonly HostFile[], count: number): Division {
  return division(split(files, count).plain, []);
}

function division(plain: readonly HostFile[], packed: readonly StoredFile[]): Division {
  const values: string[] = [];
  const stored = [...plain.map((file) => plainFile(file, values)), ...packed].toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  return { parts: stored.flatMap(partsOf), list: stored.map(({ line }) => line).join('\n'), values };
}

function split(files: readonly HostFile[], count: number) {
  const more = movable(files).slice(0, count);
  const plain = files.filter((file) => isPlain(file) && !more.includes(file));
  return { plain, packed: files.filter((file) => !plain.includes(file) && canBePacked(file)) };
}

/**
 * How many of the plain files must be packed until the division fits; undefined if it never does.
 * @param least the fewest that can be enough
 */
export function fewestPacked(
  files: readonly HostFile[],
  least: number,
  fits: (count: number) => boolean,
): number | undefined {
  if (fits(least)) return least;
  let [tooFew, enough] = [least, movable(files).length];
  if (enough <= tooFew || !fits(enough)) return undefined;
  // Packing takes a moment, so not every number is tried.
  while (enough - tooFew > 1) {
    const count = Math.floor((tooFew + enough) / 2);
    if (fits(count)) enough = count;
    else tooFew = count;
  }
  return enough;
}

/** The fewest plain files to pack that `fits` says yes to; undefined if there is no such number. */
export function fewestThat(files: readonly HostFile[], fits: (count: number) => boolean): number | undefined {
  const most = movable(files).length;
  for (let count = 0; count <= most; count++) if (fits(count)) return count;
  return undefined;
}

/** Plain files that may be packed, the largest first. */
function movable(files: readonly HostFile[]): readonly HostFile[] {
  return files.filter((file) => isPlain(file) && canBePacked(file)).toSorted((a, b) => b.text.length - a.text.length);
}

/** Bytes of the list and the values in the pointer. */
export function pointerSize({ list, values }: Division): number {
  return Buffer.byteLength(list) + values.length * (LONGEST_VALUE + '"",'.length);
}

/** Roughly the bytes of parts and list in the YAML that the CDK CLI sends. */
export function templateSize(division: Division): number {
  return division.parts.reduce((sum, part) => sum + partSize(part), listSize(division));
}

/** A parameter's ids, name and type, and its lines with indentation and quotes. */
export function partSize({ name, value }: Part): number {
  return 190 + 2 * name.length + textSize(value);
}

/** The same for the pointer. */
export function listSize({ list }: Division): number {
  return 450 + textSize(list);
}

/** A text with its indentation and quotes. */
export function textSize(text: string): number {
  const lines = text.split('\n').length;
  return text.length + (lines > 1 ? 16 * lines : 0);
}
