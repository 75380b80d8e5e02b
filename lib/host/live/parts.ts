import { isToken } from '../../forward/token';
import type { HostFile } from '../host-file';
import { packForParameters } from '../pack';
import { PARAMETER_LIMIT } from '../parameters';
import { encodePart } from './part-text';

/** A piece of the host's content, as it is stored in one parameter. */
export interface Part {
  /** The end of the parameter's name: a file's path without the leading slash, or `programs`, and a number from 1. */
  readonly name: string;
  /** Known at synth: placeholders stand for tokens. */
  readonly value: string;
}

const END = '#portway-end';

/** Whether a file can be shown line by line: printable ASCII, with no line too long for a part. */
export function canBePlain(file: HostFile): boolean {
  const room = roomOf(file);
  return (
    /^([\n\t\x20-\x7e]*\n)?$/.test(file.text) &&
    file.text.split('\n').every((line) => encodePart(line, []).length < room)
  );
}

/** A file as parts that people can read, cut at line ends. `values` grows by its tokens. */
export function plainParts(file: HostFile, values: string[]): readonly Part[] {
  const { path, mode, text } = file;
  const room = roomOf(file);
  const pieces = [''];
  for (const line of encodePart(text, values).split(/(?<=\n)/)) {
    const last = pieces.at(-1) ?? '';
    if (last.length + line.length > room) pieces.push(line);
    else pieces[pieces.length - 1] = last + line;
  }
  return pieces.map((lines, i) => ({
    name: `${path.slice(1)}.${i + 1}`,
    value: `#portway-part ${i + 1}/${pieces.length} ${mode} ${path}\n${lines}${END}`,
  }));
}

/** Bytes for lines in a part of this file, which is ASCII. Its number has at most three digits. */
function roomOf({ path, mode }: HostFile): number {
  return PARAMETER_LIMIT - `#portway-part 999/999 ${mode} ${path}\n${END}`.length;
}

/**
 * Files that reviewers do not read here, compressed together and cut anywhere. Similar files are adjacent, which makes
 * them smaller.
 */
export function packedParts(files: readonly HostFile[]): readonly Part[] {
  const ordered = files.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  const pieces = packForParameters(ordered).match(new RegExp(`.{1,${PARAMETER_LIMIT}}`, 'g')) ?? [];
  return pieces.map((value, i) => ({ name: `programs.${i + 1}`, value }));
}

/** Python, then files in other languages, then shell scripts, then whatever changes with the forwards. */
function sortKey({ origin, path, text }: HostFile): string {
  const language = path.endsWith('.py') || text.startsWith('#!/usr/bin/python3') ? 0 : path.endsWith('.sh') ? 2 : 1;
  return `${origin === 'script' ? language : 3} ${path}`;
}

/** Whether a file may be packed. CloudFormation could not fill in tokens in a packed file. */
export function canBePacked({ text }: HostFile): boolean {
  return !isToken(text);
}
