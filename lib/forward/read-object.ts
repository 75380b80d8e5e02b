import { types } from 'node:util';
import { NotData, type Problems, show } from './problems';
import { refuseUnknown } from './unknown-prop';

/**
 * The props of an object that a user wrote, each read once. Anything but a plain object is reported to `problems`, and
 * the result is undefined. Unknown keys are errors: a silently ignored option looks enforced. Unset props are omitted.
 *
 * Values are returned unchanged, except those that are not data: a symbol, a function or the like becomes a {@link
 * NotData}, which every reader refuses, and which can be printed.
 */
export function readObject<K extends string>(
  at: string,
  value: unknown,
  {
    parts,
    example,
    required = false,
    refused = {},
  }: {
    /** The known props: see known-props.ts. */
    readonly parts: Readonly<Partial<Record<K, true>>>;
    readonly example: string;
    readonly required?: boolean;
    /** Names that people look for here, and why there is no such prop: words that go on after "must be left out". */
    readonly refused?: Readonly<Record<string, string>>;
  },
  problems: Problems,
): Partial<Record<K, unknown>> | undefined {
  if (value === undefined && !required) return undefined;
  const entries = entriesOf(value);
  if (entries === undefined) {
    problems.add(at, `must be an object such as ${example}${butPlain(value)}`, value);
    return undefined;
  }
  const known = Object.keys(parts);
  const read = entries.filter(([name, part]) => {
    if (typeof name === 'string' && Object.hasOwn(parts, name)) return part !== undefined;
    const text = typeof name === 'string' ? name : show(name);
    if (Object.hasOwn(refused, text)) problems.add(memberPath(at, name), `must be left out${refused[text]}`, part);
    else refuseUnknown(memberPath(at, name), text, known, part, problems);
    return false;
  });
  return Object.fromEntries(read) as Partial<Record<K, unknown>>;
}

/**
 * The keys and values of an object whose keys the user chose, such as `hosts`. `rule` continues "must hold at least
 * one".
 */
export function readRecord(
  at: string,
  value: unknown,
  rule: string,
  problems: Problems,
): readonly (readonly [string, unknown])[] | undefined {
  const entries = entriesOf(value);
  if (entries === undefined || entries.length === 0) {
    problems.add(at, `${rule}${butPlain(value)}`, value);
    return undefined;
  }
  return entries.flatMap(([name, part]) => {
    if (typeof name === 'string') return [[name, part] as const];
    problems.add(memberPath(at, name), 'must have a text for a key');
    return [];
  });
}

/** A prop's path below another one's, as the user would write it. */
export function memberPath(at: string, name: string | symbol): string {
  if (typeof name === 'symbol') return `${at}[${show(name)}]`;
  if (!/^[a-z_$][\w$]*$/i.test(name)) return `${at}[${JSON.stringify(name)}]`;
  return at === '' ? name : `${at}.${name}`;
}

/** Whether the value is a plain `{ ... }`. Props of a prototype would be lost when the object is spread. */
export function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || types.isProxy(value) || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.hasOwn(prototype as object, 'isPrototypeOf');
}

/** All entries of a plain object, including those that a loop over its keys would skip. Undefined for anything else. */
export function entriesOf(value: unknown): readonly (readonly [string | symbol, unknown])[] | undefined {
  if (!isPlainObject(value)) return undefined;
  return Reflect.ownKeys(value).map((name) => [name, readPart(() => value[name as keyof typeof value])] as const);
}

/** Whether a value passes a test. A value that throws when it is inspected does not. */
export function passes(test: () => boolean): boolean {
  try {
    return test();
  } catch {
    return false;
  }
}

function butPlain(value: unknown): string {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return '';
  if (Array.isArray(value) || value instanceof NotData || isPlainObject(value)) return '';
  return '; write a plain object, since props of a class or a prototype get lost';
}

/** A value as data, or a {@link NotData} in its place. */
function readPart(read: () => unknown, inList = false): unknown {
  try {
    const value = read();
    if (typeof value === 'symbol' || typeof value === 'bigint' || typeof value === 'function' || types.isProxy(value))
      return new NotData(show(value));
    return Array.isArray(value) && !inList ? readList(value) : value;
  } catch {
    return new NotData('a getter that throws');
  }
}

/** Readers skip holes, so a list of nothing but holes would look empty and allow everyone. */
function readList(list: readonly unknown[]): unknown {
  const keys = Object.keys(list);
  if (keys.length !== list.length || keys.some((key, i) => key !== String(i)))
    return new NotData(`a list with holes or props of its own, of length ${list.length}`);
  return keys.map((_, i) => readPart(() => list[i], true));
}
