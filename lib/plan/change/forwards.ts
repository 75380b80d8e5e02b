import type { FileTexts } from '../../host/content/unpack';
import { compareLines, type LineChanges, showFile } from './lines';
import { propNames } from './prop-names';

/** Files whose lines belong to single forwards, where they name one. */
export const RULES = /^\/etc\/(nginx\/nginx\.conf|portway\/[\w.-]+\.(rules|nft|json))$/;

/** A changed forward, and how in lines of text. */
export interface ForwardChange {
  readonly name: string;
  readonly kind: 'added' | 'removed' | 'changed';
  readonly how: readonly string[];
}

/** What differs between two hosts' forwards. */
export interface ForwardChanges {
  readonly forwards: readonly ForwardChange[];
  /** Changed lines that belong to no single forward. */
  readonly shared: readonly string[];
}

export function compareForwards(before: FileTexts, after: FileTexts): ForwardChanges {
  const [old, now] = [headlines(before), headlines(after)];
  // Only live hosts have such a list.
  const [allowed, allows] = [before, after].every(isLive) ? [sources(before), sources(after)] : [];
  const names = new Set([...old.keys(), ...now.keys()]);
  const paths = [...new Set([...before.keys(), ...after.keys()])].filter((path) => RULES.test(path));
  const lines = new Map<string | undefined, readonly string[]>();
  const changes = new Map<string | undefined, Changed>();
  for (const path of paths) {
    const was = byForward(before.get(path) ?? '', names);
    const is = byForward(after.get(path) ?? '', names);
    for (const name of new Set([...was.keys(), ...is.keys()])) {
      const [old, now] = [was.get(name) ?? [], is.get(name) ?? []];
      lines.set(name, [...(lines.get(name) ?? []), ...showFile(path, old, now)]);
      changes.set(name, withFile(changes.get(name), path, compareLines(old, now)));
    }
  }
  const forwards = [...names].flatMap((name): ForwardChange[] => {
    const [was, is] = [old.get(name), now.get(name)];
    if (was === undefined && is !== undefined) return [{ name, kind: 'added', how: [is.join(' ')] }];
    if (is === undefined && was !== undefined) return [{ name, kind: 'removed', how: [`was ${was.join(' ')}`] }];
    const how = [
      ...headlineChanges(was ?? [], is ?? []),
      ...sourceChanges(allowed?.get(name), allows?.get(name)),
      ...named(changes.get(name)),
      ...(lines.get(name) ?? []),
    ];
    return how.length === 0 ? [] : [{ name, kind: 'changed', how }];
  });
  return { forwards, shared: lines.get(undefined) ?? [] };
}

/** The changed lines of a forward, of all its files. */
interface Changed extends LineChanges {
  readonly files: readonly string[];
}

function withFile(before: Changed | undefined, path: string, { gone, come }: LineChanges): Changed {
  const own = gone.length + come.length > 0 ? [path.replace(/.*\//, '')] : [];
  const trimmed = (lines: readonly string[]) => lines.map((line) => line.trim());
  return {
    gone: [...(before?.gone ?? []), ...trimmed(gone)],
    come: [...(before?.come ?? []), ...trimmed(come)],
    files: [...(before?.files ?? []), ...own],
  };
}

/** The props by their names, before the lines that show them. */
function named(changed: Changed | undefined): readonly string[] {
  const names = changed === undefined ? [] : propNames(changed, changed.files);
  return names.length === 0 ? [] : [names.join(', ')];
}

/** Listener, engine and targets of each forward, as /etc/portway/forwards has them; see `forwardsFile`. */
function headlines(files: FileTexts): ReadonlyMap<string, readonly string[]> {
  const lines = (files.get('/etc/portway/forwards') ?? '').split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const [name = '', listener = '', engine = '', ...targets] = line.split(' ');
      return [name, [listener.replace('/', ' '), engine, ...(targets.length > 0 ? ['to', ...targets] : [])]];
    }),
  );
}

function headlineChanges(was: readonly string[], is: readonly string[]): readonly string[] {
  const parts = (words: readonly string[]) => [words[0] ?? '', words[1] ?? '', words.slice(3).join(' ')];
  const [old, now] = [parts(was), parts(is)];
  return ['listen', 'engine', 'to'].flatMap((prop, i) =>
    old[i] === now[i] ? [] : [`${prop} ${old[i] || 'nothing'} -> ${now[i] || 'nothing'}`],
  );
}

function isLive(files: FileTexts): boolean {
  return files.has('/usr/local/lib/portway/live.py');
}

/** Networks by list, `allow` or `deny`. */
type Sources = ReadonlyMap<string, readonly string[]>;

/** Who may use each forward, as /etc/portway/sources has it; see `sourcesFiles`. */
function sources(files: FileTexts): ReadonlyMap<string, Sources> {
  const found = new Map<string, Map<string, readonly string[]>>();
  for (const line of (files.get('/etc/portway/sources') ?? '').split('\n')) {
    const [name = '', list = '', ...networks] = line.split(' ');
    const lists = found.get(name) ?? new Map<string, readonly string[]>();
    found.set(name, lists.set(list, [...(lists.get(list) ?? []), ...networks]));
  }
  return found;
}

function sourceChanges(was: Sources | undefined, is: Sources | undefined): readonly string[] {
  const props = [
    ['allowFrom', 'allow', 'everyone'],
    ['denyFrom', 'deny', 'nobody'],
  ] as const;
  return props.flatMap(([prop, list, none]) => {
    const [old, now] = [was, is].map((lists) => lists?.get(list)?.join(', ') ?? none);
    return old === now ? [] : [`${prop} ${old} -> ${now}`];
  });
}

/** A file's lines by the forward that they belong to; undefined: to none. */
function byForward(text: string, names: ReadonlySet<string>): Map<string | undefined, string[]> {
  const found = new Map<string | undefined, string[]>();
  let block: string | undefined;
  for (const line of text.split('\n')) {
    // A block of nginx.conf begins with the forward's name, and the last ends with its context.
    const [, title] = /^ {2}# ([\w-]+)$/.exec(line) ?? [];
    if (title !== undefined && names.has(title)) block = title;
    else if (line.startsWith('}')) block = undefined;
    const owner = block ?? ownerOf(line, names);
    const lines = found.get(owner);
    if (lines === undefined) found.set(owner, [line]);
    else lines.push(line);
  }
  return found;
}

function ownerOf(line: string, names: ReadonlySet<string>): string | undefined {
  const quoted = [...line.matchAll(/"(?:portway:)?([\w-]+)"/g)].map(([, name = '']) => name);
  const [, chain = ''] = /^:PORTWAY-([\w-]+) /.exec(line) ?? [];
  const [, comment = ''] = /^# ([\w-]+): /.exec(line) ?? [];
  return [...quoted, chain, comment].find((name) => names.has(name));
}
