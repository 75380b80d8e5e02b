import * as fc from 'fast-check';
import type { ForwardProps } from '../../../lib/forward/forward';
import { Sources } from '../../../lib/forward/known-sources';

/**
 * What people write, and sometimes what they should not: most stacks are accepted, and every rule is broken somewhere.
 */
export const port = fc.oneof(
  { weight: 60, arbitrary: fc.integer({ min: 1, max: 65_535 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 22, 70_000, 1.5, -1) },
);

/** Most gateways have the web's ports, which a rule without --dst-type LOCAL would take from the host itself. */
export const listenPort = fc.oneof({ weight: 3, arbitrary: port }, { weight: 1, arbitrary: fc.constantFrom(80, 443) });

export const range = fc.record({ from: fc.integer({ min: 1, max: 65_000 }), length: fc.integer({ min: 0, max: 500 }) });

export const rangeText = range.map(({ from, length }) => `${from}-${from + length}`);

export const listen = fc.oneof({ weight: 4, arbitrary: listenPort }, { weight: 1, arbitrary: rangeText });

export const v4 = fc
  .tuple(fc.constantFrom(10, 172, 192, 203), fc.nat(255), fc.nat(255), fc.nat(255))
  .map((bytes) => bytes.join('.'));
export const v6 = fc
  .tuple(fc.nat(0xffff), fc.nat(0xffff))
  .map(([a, b]) => `2001:db8:${a.toString(16)}::${b.toString(16)}`);
const name = fc.constantFrom('app.internal', 'db-1.example.com', 'x');
const nonsense = fc.constantFrom(
  '127.0.0.1:80',
  '169.254.169.254:80',
  '10.0.0.1',
  'a b:80',
  'x;}:80',
  '',
  ':80',
  '[::1]:80',
  'localhost:1',
);

export const target = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 1024, max: 65_535 }) },
  { weight: 20, arbitrary: fc.tuple(v4, port).map(([host, p]) => `${host}:${p}`) },
  { weight: 8, arbitrary: fc.tuple(v6, port).map(([host, p]) => `[${host}]:${p}`) },
  { weight: 5, arbitrary: fc.tuple(name, port).map(([host, p]) => `${host}:${p}`) },
  { weight: 1, arbitrary: nonsense },
);

export const targets = fc.oneof(
  { weight: 3, arbitrary: target },
  { weight: 1, arbitrary: fc.array(target, { maxLength: 5 }) },
);

export const cidr = fc.oneof(
  { weight: 20, arbitrary: fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `10.${a}.${b}.0/24`) },
  { weight: 10, arbitrary: v4.map((address) => `${address}/32`) },
  { weight: 8, arbitrary: fc.nat(0xffff).map((a) => `2001:db8:${a.toString(16)}::/48`) },
  { weight: 2, arbitrary: fc.constantFrom('0.0.0.0/0', '::/0') },
  { weight: 1, arbitrary: fc.constantFrom('10.0.0.1', '10.0.0.1/8', 'office', '1.2.3.4/33') },
);

/** A network, or rarely those of somebody else. */
export const source = fc.oneof(
  { weight: 20, arbitrary: cidr },
  { weight: 1, arbitrary: fc.constantFrom(Sources.cloudflare(), Sources.cloudFront()) },
);

export const allowFrom = fc.option(fc.array(source, { minLength: 1, maxLength: 6 }), { nil: undefined, freq: 2 });

/** Sometimes a range leads to a range of the same length. They are drawn together, or it would hardly ever happen. */
const sameLength = fc
  .record({ range, shift: fc.integer({ min: -1, max: 300 }), host: fc.option(v4, { nil: undefined }) })
  .map(({ range: { from, length }, shift, host }) => {
    const to = `${from + shift}-${from + shift + length}`;
    return { listen: `${from}-${from + length}`, to: host === undefined ? to : `${host}:${to}` };
  });

export const ports = fc.oneof(
  { weight: 4, arbitrary: fc.record({ listen, to: targets }) },
  { weight: 1, arbitrary: sameLength },
);

/** Props as a user writes them: unset values are omitted. */
export function given(props: Record<string, unknown>): Partial<ForwardProps> {
  return Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined));
}
