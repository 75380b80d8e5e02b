import { types } from 'node:util';
import * as fc from 'fast-check';
import { HTTP_FAILOVER } from '../../../lib/forward/failover';
import { Forward, type ForwardKind } from '../../../lib/forward/forward';
import { FORWARD, PLACES } from '../../../lib/forward/known-props';
import { isPlainObject } from '../../../lib/forward/read-object';
import { TLS_HOST } from '../../../lib/forward/tls-hosts';
import { HTTP_LIMITS } from '../../../lib/http/limits';
import { HTTP_HOST, HTTP_PATH } from '../../../lib/http/read-sites';
import { LIMITS } from '../../../lib/kernel/limits/limits';

/** Numbers that choose the mistakes of a stack. */
export const mistakes = fc.array(fc.nat(), { minLength: 30, maxLength: 30 });

/** A stack's props as data: forwards as `{ kind, props }`, so that what is in them can be changed. */
type Data = Record<string, unknown>;

/** A place in a stack: an object, and the names that it may have; none where its user chooses them, as of hosts and headers. */
interface Place {
  readonly object: Data;
  readonly known?: readonly string[];
}

/** What was done to a stack, and what must then be refused. */
export interface Mutated {
  readonly stack: unknown;
  /** Whether a prop stands where no such prop is known. */
  readonly unknown: boolean;
  /** Whether it has a value that no prop takes. */
  readonly hostile: boolean;
  readonly done: readonly string[];
}

/** Numbers, drawn beforehand, that choose. */
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

/** Values that no prop takes. Made anew each time, since some are changed by looking at them. */
const HOSTILE: Readonly<Record<string, () => unknown>> = {
  null: () => null,
  symbol: () => Symbol('x'),
  bigint: () => 80n,
  function: () => () => 8080,
  class: () => class {},
  date: () => new Date(0),
  'invalid date': () => new Date(Number.NaN),
  map: () => new Map([['to', 8080]]),
  pattern: () => /80/,
  promise: () => Promise.resolve(8080),
  error: () => new Error('x'),
  'boxed text': () => new String('8080'),
  'boxed number': () => new Number(8080),
  NaN: () => Number.NaN,
  infinity: () => Number.POSITIVE_INFINITY,
  'list of holes': () => new Array(2),
  'huge list of holes': () => new Array(2 ** 32 - 1),
  'list with a hole': () => {
    const list = ['10.0.0.0/8', '10.1.0.0/16', '10.2.0.0/16'];
    delete list[1];
    return list;
  },
  'list in itself': () => {
    const list: unknown[] = [];
    list.push(list);
    return list;
  },
  'text by toString': () => ({ toString: () => '8080' }),
  'number by valueOf': () => ({ valueOf: () => 8080 }),
  primitive: () => ({ [Symbol.toPrimitive]: () => 8080 }),
  'object in itself': () => {
    const object: Data = {};
    object.to = object;
    return object;
  },
  'only a prototype': () => Object.create({ to: 8080, from: ['10.0.0.0/8'], sizeMb: 10 }),
  'only a getter that throws': () =>
    Object.defineProperty({}, 'to', {
      configurable: true,
      enumerable: true,
      get() {
        throw GETTER;
      },
    }),
  proxy: () => new Proxy({}, { get: () => 8080, has: () => true, getPrototypeOf: () => Array.prototype }),
  'revoked proxy': () => {
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    return proxy;
  },
  'control characters': () => '\u0000\r\n"',
};

/** What the CDK writes for a text that is known at deploy time only. */
const TOKEN = `$\{Token[TOKEN.1]}`;

/** Values that some prop takes. */
const ODD: readonly unknown[] = [
  ...[
    undefined,
    true,
    false,
    0,
    -0,
    1,
    65_536,
    -1,
    1.5,
    '',
    'x',
    '0',
    'true',
    '1e3',
    ' 80',
    '80-',
    '::1',
    '10.0.0.0/8',
  ],
  ...['constructor', '__proto__', 'toString', TOKEN, -1.888154589709072e289, '#{Token[TOKEN.2]}', [], {}],
  ...[[''], [1], [undefined], [[]], [{}], { to: 8080 }, { from: ['10.0.0.0/8'] }, { a: { to: 8080 } }, { '/': {} }],
];

/** Names that are nobody's, however they are spelt. */
const STRANGE = ['__proto__', 'constructor', 'hasOwnProperty', '', ' ', 'a b', 'é', '0', 'x'.repeat(300)];

const ALL_KNOWN = new Set(PLACES.flatMap(([, props]) => Object.keys(props)));

/** What was put where. */
interface Fault {
  readonly object: Data;
  readonly name: string;
  /** Where it is the value that no prop takes. */
  readonly hostile?: { readonly value: unknown };
}

/** The same stack, with one to three things wrong. */
export function mutate(stack: object, choices: Choices): Mutated {
  try {
    return withMistakes(stack, choices);
  } catch (error) {
    // A second mistake looked at the getter of the first one: the stack stays right.
    if (error !== GETTER) throw error;
    return { unknown: false, hostile: false, done: [], stack };
  }
}

/** What the hostile getter throws. */
const GETTER = new TypeError('no');

function withMistakes(stack: object, choices: Choices): Mutated {
  const data = copy(stack) as Data;
  const faults: Fault[] = [];
  const done: string[] = [];
  const times = choices.of([1, 1, 1, 2, 3]);
  for (let i = 0; i < times; i++) {
    const places = placesOf(data);
    const how = choices.of([misspell, misspell, move, move, extra, hostile, hostile, odd, odd]);
    done.push(how(choices.of(places), places, choices, faults));
  }
  // One mistake may have undone another.
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
  if (ALL_KNOWN.has(wrong) || place.known.includes(wrong)) return '';
  set(place.object, wrong, Object.hasOwn(place.object, name) ? valuesOf(place.object)[name] : 1);
  faults.push({ object: place.object, name: wrong });
  if (choices.below(2) === 0) delete place.object[name];
  return `${name} -> ${wrong}`;
}

/** A prop to another place, which may know it. */
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
  // Half of the time one element of a list is at fault, where there is one.
  const old = valuesOf(place.object)[name];
  const element =
    isList(old) && old.length > 0 && old.length < 100 && choices.below(2) === 0 ? choices.below(old.length) : -1;
  const put = element < 0 ? value : (old as readonly unknown[]).map((own, i) => (i === element ? value : own));
  set(place.object, name, put);
  faults.push({ object: place.object, name, hostile: { value: put } });
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

/** What a proxy is cannot be told without running it. */
function isList(value: unknown): value is readonly unknown[] {
  return !types.isProxy(value) && Array.isArray(value);
}

/** Without running getters. */
function valuesOf(object: object): Data {
  const values: Data = Object.create(null);
  for (const name of Object.getOwnPropertyNames(object))
    values[name] = Object.getOwnPropertyDescriptor(object, name)?.value;
  return values;
}

/** Also a name such as `__proto__`. */
function set(object: Data, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

/** The props of what stands in forwards, by its name. */
const NESTED = Object.fromEntries(PLACES.map(([title, props]) => [title.split(' ')[0] ?? title, props]));

/** The objects of a stack whose names matter. */
function placesOf(data: Data): readonly Place[] {
  const places: Place[] = [{ object: data, known: STACK }];
  const add = (object: unknown, known?: object) => {
    if (isPlainObject(object))
      places.push({ object: object as Data, ...(known === undefined ? {} : { known: Object.keys(known) }) });
  };
  add(data.egress, { from: true, subnets: true, alarmTopic: true });
  add(data.ami, { id: true, rootDevice: true });
  add(data.env, { account: true, region: true });
  add(data.tags);
  if (!isPlainObject(data.forwards)) return places;
  add(data.forwards);
  for (const forward of Object.values(valuesOf(data.forwards))) {
    if (!isForward(forward) || !isPlainObject(forward.props)) continue;
    const web = forward.kind === 'http' || forward.kind === 'https';
    const all = (object: unknown, known: object, depth = 0) => {
      // A place that was moved may be in itself.
      if (depth > 2) return;
      if (!isPlainObject(object)) return;
      add(object, known);
      const own = valuesOf(object);
      add(own.limits, web ? HTTP_LIMITS : LIMITS);
      add(own.failover, web ? HTTP_FAILOVER : without(HTTP_FAILOVER, 'resend'));
      for (const name of ['cache', 'errors', 'timeouts', 'logs', 'hsts', 'healthCheck']) add(own[name], NESTED[name]);
      add(own.proxyProtocol, web ? { accept: true } : { accept: true, send: true });
      if (isPlainObject(own.proxyProtocol)) add(valuesOf(own.proxyProtocol).accept, { from: true });
      add(own.headers);
      for (const target of isList(own.to) && own.to.length < 100 ? own.to : [own.to])
        add(target, { to: true, weight: true, backup: true });
      for (const [name, inner] of [
        ['hosts', web ? HTTP_HOST : TLS_HOST],
        ['routes', HTTP_PATH],
      ] as const) {
        if (!isPlainObject(own[name])) continue;
        add(own[name]);
        for (const value of Object.values(valuesOf(own[name]))) all(value, inner, depth + 1);
      }
    };
    all(forward.props, FORWARD[forward.kind]);
  }
  return places;
}

const STACK = [
  ...['forwards', 'engine', 'adminCidr', 'os', 'architecture', 'instanceType', 'ami', 'diskGiB', 'keyPairName'],
  ...['sshPublicKey', 'blocked', 'egress', 'ping', 'ipv6', 'onChange', 'vpc', 'availabilityZoneIndex', 'flowLogs'],
  ...[
    'firstBootScript',
    'signalTimeout',
    'attempt',
    'maxSecurityGroupRules',
    'description',
    'env',
    'stackName',
    'tags',
  ],
  ...['notificationArns', 'synthesizer', 'terminationProtection', 'crossRegionReferences', 'permissionsBoundary'],
  ...['suppressTemplateIndentation', 'propertyInjectors'],
];

function without(props: object, name: string): object {
  return Object.fromEntries(Object.entries(props).filter(([key]) => key !== name));
}

interface ForwardData {
  readonly kind: ForwardKind;
  readonly props: unknown;
}

function isForward(value: unknown): value is ForwardData {
  return !types.isProxy(value) && value instanceof Written;
}

/** A forward whose props can be changed. */
class Written implements ForwardData {
  constructor(
    readonly kind: ForwardKind,
    readonly props: unknown,
  ) {}
}

function copy(value: unknown): unknown {
  if (value instanceof Forward) return new Written(value.kind, copy(value.props));
  if (Array.isArray(value)) return value.map(copy);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, own]) => [name, copy(own)]));
}

/** Forwards again; a `forwards` that was replaced stays what it is. */
function fromData(data: Data): unknown {
  if (!isPlainObject(data.forwards)) return data;
  const entries = Object.entries(data.forwards).map(([name, value]) => [name, isForward(value) ? made(value) : value]);
  set(data, 'forwards', Object.fromEntries(entries));
  return data;
}

function made({ kind, props }: ForwardData): Forward {
  return Forward[kind](props as never);
}
