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
/** The shell part of user-data, at the path where cloud-init stores it. */
export const BOOT_SCRIPT = '/var/lib/cloud/scripts/per-boot/portway.sh';

/** A statement that is only a string in triple quotes. */
const DOCSTRING = /^ *"""[\s\S]*?"""$/gm;

/** The head of a function on one line, split into its start, its parameters and its return type. */
const FUNCTION = /^( *def \w+\()(.*)\)(?: -> .*)?:$/gm;

/**
 * A file of assets/ as it is packed: without docstrings, function annotations, full-line comments and blank lines, and
 * with less indentation. Those would take a third of the 16 KB, and editing a comment would restart every gateway. So
 * no multi-line string in a script may depend on its leading spaces, and in Python only docstrings may begin a line
 * with triple quotes.
 *
 * @param path the file's path on the host
 */
export function readAsset(path: string): string {
  const source = readFileSync(join(TREE, path), 'utf8');
  const python = path.endsWith('.py') || source.startsWith('#!/usr/bin/python3');
  const lines = (python ? withoutTypes(source.replace(DOCSTRING, '')) : source).split('\n');
  const kept = lines.filter((line, i) => !/^\s*(#|$)/.test(line) || (i === 0 && line.startsWith('#!')));
  return `${kept.map((line) => line.replace(python ? /^( +)\1{3}/ : /^( +)\1/, '$1')).join('\n')}\n`;
}

function withoutTypes(source: string): string {
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

/**
 * A file of assets/ for the host. Files that begin with `#!` become executable. The working copy's mode bits are
 * ignored: they differ between systems, and other modes would restart every gateway.
 *
 * @param path the file's path on the host
 */
export function assetFile(path: string): HostFile {
  const text = readAsset(path);
  return { path, mode: text.startsWith('#!') ? '0755' : '0644', text, origin: 'script' };
}

/** Several files of assets/, by their paths on the host. */
export function assetFiles(...paths: readonly string[]): readonly HostFile[] {
  return paths.map(assetFile);
}
