import { Forward } from '../../lib/forward/forward';
import type { ForwardSet } from '../../lib/forward/resolve';
import { chain, render, walk } from './rules';

const CHAINS = ['PORTWAY-DNAT', 'PORTWAY-LIMIT'];

/** A number of forwards with every kind of listener, on ports with gaps. */
function forwards(count: number): ForwardSet['forwards'] {
  const entries = Array.from({ length: count }, (_, i) => {
    const from = 1000 + i * 6;
    // Alternates between a port, a range of three, and several targets, for both transports.
    const listen = i % 3 === 1 ? `${from}-${from + 2}` : from;
    const host = `10.0.${i >> 8}.${i & 255}`;
    const to = i % 3 === 2 ? [80, 81, 82].map((port) => `${host.replace('10', `${port}`)}:${port}`) : `${host}:80`;
    const props = { limits: { openConnections: 9, newConnectionsPerSecond: 9 }, preserveClientAddress: true };
    return [`f${i}`, Forward[i % 2 === 0 ? 'tcp' : 'udp']({ listen, to, ...props })] as const;
  });
  return Object.fromEntries(entries);
}

test('renders a few forwards as a plain list, in order', () => {
  const ports = Array.from({ length: 16 }, (_, i) => 9000 - i);
  const { v4 } = render(Object.fromEntries(ports.map((p) => [`f${p}`, Forward.tcp({ listen: p, to: 80 })])));
  expect(chain(v4, 'PORTWAY-DNAT').map((rule) => Number(/--dport (\d+)/.exec(rule)?.[1]))).toEqual(ports);
});

test.each([17, 64, 65, 200, 1000])('finds each of %i forwards by its ports, and by no others', (count) => {
  const { v4 } = render(forwards(count));
  for (const i of [0, 1, 2, 3, 4, 5, Math.floor(count / 2), count - 3, count - 2, count - 1]) {
    const from = 1000 + i * 6;
    const to = from + (i % 3 === 1 ? 2 : 0);
    const [own, other] = i % 2 === 0 ? (['tcp', 'udp'] as const) : (['udp', 'tcp'] as const);
    for (const name of CHAINS) {
      for (const port of [from, to]) expect(new Set(walk(v4, name, own, port).forwards)).toEqual(new Set([`f${i}`]));
      for (const port of [from - 1, to + 1]) expect(walk(v4, name, own, port).forwards).toEqual([]);
      expect(walk(v4, name, other, from).forwards).toEqual([]);
    }
    // Those rules match addresses, which differ.
    expect(walk(v4, 'PORTWAY-KEEP', own, to).forwards).toContain(`f${i}`);
    expect(walk(v4, 'PORTWAY-KEEP', own, to).met).toBeLessThan(50);
  }
});

test("grows a packet's path with the number of digits, not of forwards", () => {
  const worst = (count: number) => {
    const ports = Array.from({ length: count }, (_, i) => 1 + i * 5 + (i >= 4 ? 100 : 0));
    const { v4 } = render(Object.fromEntries(ports.map((p) => [`f${p}`, Forward.tcp({ listen: p, to: 9 })])));
    return Math.max(...ports.slice(-9).map((p) => walk(v4, 'PORTWAY-DNAT', 'tcp', p).met));
  };
  expect(worst(1)).toBe(1);
  expect(worst(1000)).toBe(2 + 3 * 8);
  // Four levels of eight jumps, of which the uppermost has three, and a list of eight: docs/decisions/benchmark.md counts what a rule costs.
  expect(worst(10_000)).toBeLessThanOrEqual(34);
});

test('keeps chain names unique and short, however high the ports', () => {
  const high = Array.from({ length: 1200 }, (_, i) => 65_535 - i * 3);
  const set = Object.fromEntries(
    high.map((p) => [
      `f${p}`,
      Forward.udp({ listen: p, to: `10.0.1.1:${p}`, limits: { openConnections: 9 }, preserveClientAddress: true }),
    ]),
  );
  for (const text of render(set).v4.split('COMMIT')) {
    const names = [...text.matchAll(/^:(\S+)/gm)].map(([, name]) => name ?? '');
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => name.length > 28)).toEqual([]);
    // Each is defined once and jumped to once, so there is no loop and no orphan.
    for (const name of names.filter((n) => n.includes('.'))) expect(text.split(`-j ${name}\n`)).toHaveLength(2);
  }
});

test('builds the same tree whatever the order of forwards', () => {
  const set = forwards(100);
  const sorted = (text: string) => text.split('\n').sort().join('\n');
  expect(sorted(render(Object.fromEntries(Object.entries(set).reverse())).v4)).toBe(sorted(render(set).v4));
});

test('gives a forward with many targets its own chain in the tree', () => {
  const many = Array.from({ length: 20 }, (_, i) => `10.0.1.${i + 1}:80`);
  const { v4 } = render({
    ...forwards(20),
    many: Forward.tcp({ listen: 50_000, to: many, preserveClientAddress: true }),
  });
  expect(chain(v4, 'PORTWAY-KEEP.t50000')).toHaveLength(20);
  expect(walk(v4, 'PORTWAY-KEEP', 'tcp', 50_000).forwards.filter((f) => f === 'many')).toHaveLength(20);
});
