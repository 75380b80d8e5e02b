import { createHash } from 'node:crypto';
import { isToken } from '../../forward/token';
import { encodeBase85 } from '../base85';
import { bzip2 } from '../bzip2/bzip2';
import type { HostFile } from '../host-file';
import { encodePart, MOST_GROWTH } from './part-text';

/** Size limit of a parameter of the standard tier, which is free. @see https://docs.aws.amazon.com/general/latest/gr/ssm.html */
export const PARAMETER_LIMIT = 4096;

/** A file as it is stored: its pieces are parameters named by the file and a number from 1. */
export interface StoredFile {
  /** The file's path without the leading slash; `programs` for all packed files together. */
  readonly name: string;
  /** Known at synth: placeholders stand for tokens. */
  readonly pieces: readonly string[];
  /** Its line in the content's list: see `Division`. */
  readonly line: string;
}

function stored(name: string, pieces: readonly string[]): StoredFile {
  return { name, pieces, line: `${digest(pieces.join('')).slice(0, 32)} ${pieces.length} ${name}` };
}

/** SHA-256 in hexadecimal digits. */
export function digest(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

/** A piece of the host's content, as it is stored in one parameter. */
export interface Part {
  /** The end of the parameter's name. */
  readonly name: string;
  readonly value: string;
}

const END = '#portway-end';
const PACKED = 'programs';

/** Each file is asked about several times, and looking through the rules of thousands of forwards takes longer than rendering them. */
const plain = new WeakMap<HostFile, boolean>();

/** Whether a file can be shown line by line: printable ASCII, with no line too long for a part. */
export function canBePlain(file: HostFile): boolean {
  const found = plain.get(file) ?? isShort(file);
  plain.set(file, found);
  return found;
}

function isShort(file: HostFile): boolean {
  const room = roomOf(file);
  return (
    /^([\n\t\x20-\x7e]*\n)?$/.test(file.text) &&
    // With thousands of forwards, encoding each line takes longer than rendering it.
    file.text.split('\n').every((line) => line.length * MOST_GROWTH < room || encodePart(line, []).length < room)
  );
}

/** Without tokens, which depend on the files before them. */
const cut = new WeakMap<HostFile, StoredFile>();

/** A file that people can read in its parts, cut at line ends. `values` grows by its tokens. */
export function plainFile(file: HostFile, values: string[]): StoredFile {
  const found = cut.get(file) ?? cutFile(file, values);
  if (!isToken(file.text)) cut.set(file, found);
  return found;
}

function cutFile(file: HostFile, values: string[]): StoredFile {
  const { path, mode, text } = file;
  const room = roomOf(file);
  const pieces = [''];
  for (const line of encodePart(text, values).split(/(?<=\n)/)) {
    const last = pieces.at(-1) ?? '';
    if (last.length + line.length > room) pieces.push(line);
    else pieces[pieces.length - 1] = last + line;
  }
  return stored(
    path.slice(1),
    pieces.map((lines, i) => `#portway-part ${i + 1}/${pieces.length} ${mode} ${path}\n${lines}${END}`),
  );
}

/** Bytes for lines in a part of this file, which is ASCII. Its number has at most three digits. */
function roomOf({ path, mode }: HostFile): number {
  return PARAMETER_LIMIT - `#portway-part 999/999 ${mode} ${path}\n${END}`.length;
}

/** By the SHA-256 of the text. Gateways of an app often have the same programs, and packing takes longer than all else in their synth. */
const packed = new Map<string, StoredFile>();

/**
 * Files that reviewers do not read here, compressed together and cut before a letter or digit: path, mode and text of each, with a zero
 * byte between any two. Parameter Store rejects `{{`, so braces are replaced; the host restores them.
 */
export function packedFiles(files: readonly HostFile[]): StoredFile {
  const text = Buffer.from(files.flatMap(({ path, mode, text }) => [path, mode, text]).join('\0'));
  const key = digest(text);
  const found = packed.get(key) ?? pack(text);
  packed.set(key, found);
  return found;
}

function pack(text: Buffer): StoredFile {
  const encoded = encodeBase85(bzip2(text)).replaceAll('{', '.');
  // YAML would quote and fold a piece that begins with a sign, which takes 600 bytes.
  return stored(PACKED, encoded.match(new RegExp(`.{1,${PARAMETER_LIMIT}}(?=\\w|$)`, 'g')) ?? []);
}

/** Whether a file may be packed. CloudFormation could not fill in tokens in a packed file. */
export function canBePacked({ text }: HostFile): boolean {
  return !isToken(text) && !text.includes('\0');
}

export function partsOf({ name, pieces }: StoredFile): readonly Part[] {
  return pieces.map((value, i) => ({ name: `${name}.${i + 1}`, value }));
}
