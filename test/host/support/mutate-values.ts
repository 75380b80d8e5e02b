import type { Data } from './mutate-places';

/** Values that no prop takes. Made anew each time, since inspecting some of them changes them. */
export const HOSTILE: Readonly<Record<string, () => unknown>> = {
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
export const ODD: readonly unknown[] = [
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

/** Names that no prop has in any spelling. */
export const STRANGE = ['__proto__', 'constructor', 'hasOwnProperty', '', ' ', 'a b', 'é', '0', 'x'.repeat(300)];

/** What the hostile getter throws. */
export const GETTER = new TypeError('no');
