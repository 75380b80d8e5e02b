import * as fc from 'fast-check';
import { Forward } from '../../../lib/forward/forward';
import { PLACES } from '../../../lib/forward/known-props';
import { isPlainObject } from '../../../lib/forward/read-object';
import {
  type Data,
  type ForwardData,
  isForward,
  isList,
  type Place,
  placesOf,
  valuesOf,
  Written,
} from './mutate-places';
import { GETTER, HOSTILE, ODD, STRANGE } from './mutate-values';

/** Numbers that choose the mistakes of a stack. */
export const mistakes = fc.array(fc.nat(), { minLength: 30, maxLength: 30 });

/** A changed stack, and what must be refused in it. */
export interface Mutated {
  readonly stack: unknown;
  /** Whether it has a prop that its place does not know. */
  readonly unknown: boolean;
  /** Whether it has a value that no prop takes. */
  readonly hostile: boolean;
  readonly done: readonly string[];
}

/** Choices by numbers that were drawn beforehand. */
export class Choices {
  private at = 0;
  constructor(private readonly numbers: readonly number[]) {}

  below(n: number): number {
    return (this.numbers[this.at++ % this.numbers.length] ?? 0) % n;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

/** The names of all props. */
const ALL_KNOWN = new Set(PLACES.flatMap(([, props]) => Object.keys(props)));

/** What was put where. */
interface Fault {
  readonly object: Data;
  readonly name: string;
  /** The value that no prop takes: all of it, or an element of it. */
  readonly hostile?: { readonly value: unknown; readonly part: unknown };
}

/** The stack with one to three mistakes. */
export function mutate(stack: object, choices: Choices): Mutated {
  try {
    return withMistakes(stack, choices);
  } catch (error) {
    // A second mistake read the getter of the first one. The stack stays unchanged.
    if (error !== GETTER) throw error;
    return { unknown: false, hostile: false, done: [], stack };
  }
}

function withMistakes(stack: object, choices: Choices): Mutated {
  const data = copy(stack) as Data;
  const faults: Fault[] = [];
  const done: string[] = [];
  const times = choices.of([1, 1, 1, 2, 3]);
  for (let i = 0; i < times; i++) {
    // A hostile object that is changed once more may become a valid value.
    const places = placesOf(data).filter(({ object }) => faults.every((fault) => fault.hostile?.part !== object));
    const how = choices.of([misspell, misspell, move, move, extra, hostile, hostile, odd, odd]);
    done.push(how(choices.of(places), places, choices, faults));
  }
  // A mistake may have undone an earlier one.
  const places = placesOf(data);
  const left = faults.filter(({ object, name }) => Object.hasOwn(object, name));
  const at = ({ object }: Fault) => places.filter((place) => place.object === object);
  return {
    unknown: left.some((fault) => at(fault).some(({ known }) => known !== undefined && !known.includes(fault.name))),
    hostile: left.some(
      (f) => f.hostile !== undefined && at(f).length > 0 && valuesOf(f.object)[f.name] === f.hostile.value,
    ),
    done,
    stack: fromData(data),
  };
}

function misspell(place: Place, _: readonly Place[], choices: Choices, faults: Fault[]): string {
  if (place.known === undefined) return '';
  const own = Object.keys(place.object);
  const name = choices.of(own.length > 0 && choices.below(4) > 0 ? own : place.known);
  const i = choices.below(Math.max(1, name.length));
  const wrong = choices.of([
    name.toLowerCase(),
    name.toUpperCase(),
    name.slice(0, i) + name.slice(i + 1),
    name.slice(0, i) + name.slice(i, i + 1).repeat(2) + name.slice(i + 1),
    name.slice(0, i) + name.slice(i + 1, i + 2) + name.slice(i, i + 1) + name.slice(i + 2),
    `${name}s`,
    name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`),
    name.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`),
  ]);
  if (wrong === name || ALL_KNOWN.has(wrong) || place.known.includes(wrong)) return '';
  set(place.object, wrong, Object.hasOwn(place.object, name) ? valuesOf(place.object)[name] : 1);
  faults.push({ object: place.object, name: wrong });
  if (choices.below(2) === 0) delete place.object[name];
  return `${name} -> ${wrong}`;
}

/** Moves a prop to another place, which may know it. */
function move(from: Place, places: readonly Place[], choices: Choices, faults: Fault[]): string {
  const names = Object.keys(from.object);
  const to = choices.of(places);
  if (names.length === 0 || to === from || from.known === undefined) return '';
  const name = choices.of(names);
  set(to.object, name, valuesOf(from.object)[name]);
  faults.push({ object: to.object, name });
  if (choices.below(2) === 0) delete from.object[name];
  return `${name} moved`;
}

function extra(place: Place, _: readonly Place[], choices: Choices, faults: Fault[]): string {
  const name = choices.of(STRANGE);
  const enumerable = choices.below(3) > 0;
  if (place.known === undefined) return '';
  Object.defineProperty(place.object, name, {
    value: copy(choices.of(ODD)),
    enumerable,
    configurable: true,
    writable: true,
  });
  faults.push({ object: place.object, name });
  return `+ ${name}`;
}

function hostile(place: Place, _: readonly Place[], choices: Choices, faults: Fault[]): string {
  const names = place.known ?? Object.keys(place.object);
  const kind = choices.of(Object.keys(HOSTILE));
  if (names.length === 0) return '';
  const name = choices.of(names);
  const value = HOSTILE[kind]?.();
  // If it is a list, half of the time only one element becomes hostile.
  const old = valuesOf(place.object)[name];
  const element =
    isList(old) && old.length > 0 && old.length < 100 && choices.below(2) === 0 ? choices.below(old.length) : -1;
  const put = element < 0 ? value : (old as readonly unknown[]).map((own, i) => (i === element ? value : own));
  set(place.object, name, put);
  faults.push({ object: place.object, name, hostile: { value: put, part: value } });
  return `${name} = ${kind}`;
}

function odd(place: Place, _: readonly Place[], choices: Choices): string {
  const names = [...(place.known ?? []), ...Object.keys(place.object)];
  const value = choices.of(ODD);
  if (names.length === 0) return '';
  const name = choices.of(names);
  set(place.object, name, copy(value));
  return `${name} = odd`;
}

/** Also sets names such as `__proto__`. */
function set(object: Data, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

function copy(value: unknown): unknown {
  if (value instanceof Forward) return new Written(value.kind, copy(value.props));
  if (Array.isArray(value)) return value.map(copy);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, own]) => [name, copy(own)]));
}

/** Makes forwards again. If `forwards` was replaced, it stays as it is. */
function fromData(data: Data): unknown {
  if (!isPlainObject(data.forwards)) return data;
  const entries = Object.entries(data.forwards).map(([name, value]) => [name, isForward(value) ? made(value) : value]);
  set(data, 'forwards', Object.fromEntries(entries));
  return data;
}

function made({ kind, props }: ForwardData): Forward {
  return Forward[kind](props as never);
}
