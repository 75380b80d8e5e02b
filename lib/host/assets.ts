import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostFile } from './host-file';

/** The host's file tree: each file is stored under its path on the host. */
const TREE = join(__dirname, '..', '..', 'assets');

/** Where scripts and the Python package are on the host. */
export const PROGRAMS = '/usr/local/lib/portway';
/** The Python package `portway`; the program `portway` calls its modules. */
export const PACKAGE = `${PROGRAMS}/portway`;
export const UNITS = '/etc/systemd/system';

/** A statement that is only a string in triple quotes. */
const DOCSTRING = /^ *"""[\s\S]*?"""$/gm;

/** The head of a function on one line, split into its start, its parameters and its return type. */
const FUNCTION = /^( *def \w+\()(.*)\)(?: -> .*)?:$/gm;

/** The start of an assignment with a type. A one-line body, such as `else: x = 1`, is not in formatted code. */
const TYPED = /^( *(?:self\.)?\w+): [^=]+ = /;

/** An import of types alone. */
const TYPES = /^from (typing|collections\.abc) import ([\w, ]+)\n/gm;

/**
 * A file of assets/ as it is packed: without docstrings, types, full-line comments and blank lines, and
 * with less indentation, in Python, or none. Those would take a third of the room, and editing a comment would change every
 * gateway. So no multi-line string in a script may depend on its leading spaces, and in Python only docstrings may begin a
 * line with triple quotes. `#clear` is a directive of apt's configuration.
 *
 * @param path the file's path on the host
 */
export function readAsset(path: string): string {
  const source = readFileSync(join(TREE, path), 'utf8');
  const python = path.endsWith('.py') || source.startsWith('#!/usr/bin/python3');
  const lines = (python ? withoutTypes(source.replace(DOCSTRING, '')) : source).split('\n');
  const kept = lines.filter((line, i) => !/^\s*(#(?!clear )|$)/.test(line) || (i === 0 && line.startsWith('#!')));
  return `${kept.map((line) => line.replace(python ? /^( +)\1{3}/ : /^ +/, python ? '$1' : '')).join('\n')}\n`;
}

function withoutTypes(source: string): string {
  return withoutUnusedTypes(withoutTypesOfVariables(withoutTypesOfFunctions(source)));
}

function withoutTypesOfFunctions(source: string): string {
  return source.replace(FUNCTION, (_, head: string, parameters: string) => {
    const names = parametersOf(parameters).map((one) => one.replace(/^(\**\w+): .*?( = .*)?$/, '$1$2'));
    return `${head}${names.join(', ')}):`;
  });
}

/** Splits the parameters of a function. A comma within brackets, which may be nested, belongs to a type. */
function parametersOf(text: string): readonly string[] {
  const parts: string[] = [];
  for (const piece of text.split(', ')) {
    const last = parts.at(-1) ?? '';
    if (last.split('[').length > last.split(']').length) parts.push(`${parts.pop()}, ${piece}`);
    else parts.push(piece);
  }
  return parts;
}

/** A class's own fields keep their types: they are what makes them fields. */
function withoutTypesOfVariables(source: string): string {
  let inClass = false;
  const lines = source.split('\n').map((line) => {
    if (/^\w/.test(line)) inClass = line.startsWith('class ');
    return inClass && !line.startsWith(' '.repeat(8)) ? line : line.replace(TYPED, '$1 = ');
  });
  return lines.join('\n');
}

function withoutUnusedTypes(source: string): string {
  return source.replace(TYPES, (line: string, module: string, names: string) => {
    const rest = source.replace(line, '');
    // `Set as AbstractSet` is used by its last word.
    const used = names.split(', ').filter((name) => new RegExp(`\\b${name.split(' ').at(-1)}\\b`).test(rest));
    return used.length === 0 ? '' : `from ${module} import ${used.join(', ')}\n`;
  });
}

/** The package's files do not change while a program runs, and several hosts of an app have the same ones. */
const known = new Map<string, HostFile>();

/**
 * A file of assets/ for the host. Files that begin with `#!` become executable. The working copy's mode bits are
 * ignored: they differ between systems, and other modes would restart every gateway.
 *
 * @param path the file's path on the host
 */
export function assetFile(path: string): HostFile {
  const found = known.get(path) ?? readFile(path);
  known.set(path, found);
  return found;
}

function readFile(path: string): HostFile {
  const text = readAsset(path);
  return { path, mode: text.startsWith('#!') ? '0755' : '0644', text, origin: 'script' };
}

/** Several files of assets/, by their paths on the host. */
export function assetFiles(...paths: readonly string[]): readonly HostFile[] {
  return paths.map(assetFile);
}
