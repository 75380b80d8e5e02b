import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { Forward } from '../../lib/forward/forward';
import { Problems } from '../../lib/forward/problems';
import { type ForwardSet, resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { templateSize } from '../../lib/host/content/division';
import { PARAMETER_LIMIT } from '../../lib/host/content/parts';
import { pointerText, type StoredContent, storedContent } from '../../lib/host/content/stored-content';
import { firstBootFile } from '../../lib/host/first-boot-script';
import { type HostContent, hostContent } from '../../lib/host/host-content';
import type { HostFile } from '../../lib/host/host-file';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';
import { decodePart } from './decode';

const PROPS = { live: { stack: 'Portway', condition: 'GatewayLive0123456789abcdef' }, attempt: 0 };

function contentOf(set: ForwardSet, firstBootScript?: HostFile): HostContent {
  return hostContent({
    forwards: resolveForwardsOrThrow(set),
    os: OPERATING_SYSTEMS['debian-13'],
    ...(firstBootScript === undefined ? {} : { firstBootScript }),
  });
}

function live(content: HostContent): StoredContent {
  const problems = new Problems();
  const result = storedContent(content, problems);
  problems.throwIfAny();
  return result;
}

const web = (to = 8080): ForwardSet => ({ engine: 'iptables', forwards: { web: Forward.tcp({ listen: 80, to }) } });

const many = (count: number): ForwardSet => ({
  engine: 'iptables',
  forwards: Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`f${i}`, Forward.tcp({ listen: 3000 + i, to: `10.0.1.${i % 250}:9000` })]),
  ),
});

type Unpacked = { path: string; mode: string; text: string };

/** The files as a host reads them: plain parts by their frames, packed ones by Python. */
function read({ parts, values }: StoredContent): readonly Unpacked[] {
  const plain = new Map<string, Unpacked>();
  const numbered = parts.map((part) => ({ ...part, number: Number(part.name.split('.').at(-1)) }));
  const inOrder = numbered.toSorted((a, b) => a.number - b.number);
  for (const { name, value, number } of inOrder.filter((part) => !part.name.startsWith('programs.'))) {
    const [, n, count, mode = '', path = '', lines = ''] =
      /^#portway-part (\d+)\/(\d+) (0\d{3}) (\S+)\n([\s\S]*)#portway-end$/.exec(value) ?? [];
    expect(Number(n)).toBe(number);
    expect(name).toBe(`${path.slice(1)}.${n}`);
    expect(parts.filter((part) => part.name.replace(/\.\d+$/, '') === path.slice(1))).toHaveLength(Number(count));
    plain.set(path, { path, mode, text: (plain.get(path)?.text ?? '') + decodePart(lines, values) });
  }
  const packed = inOrder.filter((part) => part.name.startsWith('programs.')).map((part) => part.value);
  const script =
    'import base64, bz2, sys; sys.stdout.buffer.write(bz2.decompress(base64.b85decode(sys.stdin.read().replace(".", "{"))))';
  const text = execFileSync('python3', ['-c', script], { input: packed.join(''), encoding: 'utf8' });
  const words = packed.length === 0 ? [] : text.split('\0');
  for (let i = 0; i < words.length; i += 3) {
    const [path = '', mode = '', text = ''] = words.slice(i);
    plain.set(path, { path, mode, text });
  }
  return [...plain.values()];
}

const byPath = (files: readonly Unpacked[]) =>
  files.map(({ path, mode, text }) => ({ path, mode, text })).toSorted((a, b) => (a.path < b.path ? -1 : 1));

function settings({ settings: all }: HostContent): Unpacked {
  const lines = Object.entries(all).map(([key, value]) => `${key}='${value}'\n`);
  return { path: '/etc/portway/portway.env', mode: '0600', text: lines.join('') };
}

function expectStored(content: HostContent, stored: StoredContent): void {
  expect(byPath(read(stored))).toEqual(byPath([...content.files, settings(content)]));
  for (const { name, value } of stored.parts) {
    expect([name, Buffer.byteLength(value) <= PARAMETER_LIMIT, value.includes('{{')]).toEqual([name, true, false]);
    expect(value).toMatch(/^\S[\n\t\x20-\x7e]*\S$/);
    expect(name).toMatch(/^[\w.-]+(\/[\w.-]+)*$/);
  }
}

test('holds all files of a host, each part within the limits of Parameter Store', () => {
  const content = contentOf({
    forwards: {
      web: Forward.http({ listen: 80, to: 8080, cache: { sizeMb: 100 }, errors: { title: '{{x}}', message: 'm' } }),
      game: Forward.udp({ listen: 27015, to: '10.0.1.20:27015', engine: 'iptables' }),
    },
  });
  expectStored(content, live(content));
});

test('whatever a file holds, it arrives', () => {
  const line = fc.oneof(
    fc.string({ maxLength: 60 }),
    // A script with a zero byte is refused before.
    fc.string({ unit: 'binary', maxLength: 60 }).map((text) => text.replaceAll('\0', '')),
    fc.constantFrom('x'.repeat(5000), '{'.repeat(1500), '@('.repeat(1200), '#portway-end', ''),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 80 }), (lines) => {
      const content = { files: [firstBootFile(`#!/bin/sh\n${lines.join('\n')}`)], settings: { PORTWAY_PACKAGES: '' } };
      expectStored(content, live(content));
    }),
    { numRuns: 30 },
  );
}, 60_000);

test('a part is cut at the ends of lines, and a changed rule changes the part that it is in', () => {
  const [a, b] = [many(200), many(200)];
  const before = live(contentOf(a));
  const changed = { ...b, forwards: { ...b.forwards, f100: Forward.tcp({ listen: 3100, to: '10.0.1.99:9001' }) } };
  const after = live(contentOf(changed));
  const rules = before.parts.filter(({ name }) => name.startsWith('etc/portway/iptables.rules.'));
  expect(rules.length).toBeGreaterThan(3);
  for (const { value } of rules) expect(value).toMatch(/^#portway-part .*\n([^\n]*\n)*#portway-end$/);
  const differing = after.parts.filter(({ value }, i) => before.parts[i]?.value !== value).map(({ name }) => name);
  expect(differing.length).toBeLessThanOrEqual(4);
  expect(differing.filter((name) => name.startsWith('programs.'))).toEqual([]);
});

test('the pointer lists all parts by the SHA-256 of their values, and is named by the SHA-256 of this list', () => {
  const stored = live(contentOf(web()));
  const text = pointerText(stored, PROPS);
  const [head = '', ...lines] = text.split('\n');
  expect(JSON.parse(head)).toEqual({
    content: createHash('sha256')
      .update(text.slice(head.length + 1))
      .digest('hex'),
    live: 'GatewayLive0123456789abcdef',
    stack: 'Portway',
    values: [],
  });
  const found = stored.parts.map(({ name, value }) => ({ file: name.replace(/\.\d+$/, ''), value }));
  const names = [...new Set(found.map(({ file }) => file))];
  expect(lines).toEqual(
    names.map((name) => {
      const values = found.filter(({ file }) => file === name).map(({ value }) => value);
      const sum = createHash('sha256').update(values.join('')).digest('hex').slice(0, 32);
      return `${sum} ${values.length} ${name}`;
    }),
  );
  expect(names).toEqual([
    ...['etc/portway/forwards', 'etc/portway/group', 'etc/portway/iptables.rules', 'etc/portway/portway.env'],
    'programs',
  ]);
  expect(JSON.parse(pointerText(stored, { ...PROPS, attempt: 2 }).split('\n')[0] as string).attempt).toBe(2);
  expect(JSON.parse(pointerText(stored, { attempt: 0 }).split('\n')[0] as string)).toEqual({
    content: stored.content,
    values: [],
  });
});

test('equal forwards give equal content, and A, B, A the first again', () => {
  const [first, other, again] = [web(), web(8081), web()].map((set) => live(contentOf(set)));
  expect(again).toEqual(first);
  expect(other?.content).not.toBe(first?.content);
});

test('values known only at deploy time are in the pointer alone', () => {
  const token = `\${Token[TOKEN.42]}`;
  const content = contentOf({
    forwards: {
      web: Forward.http({ listen: 80, to: `${token}:8080` }),
      game: Forward.tcp({ listen: 90, to: `${token}:8080`, engine: 'iptables' }),
    },
  });
  const stored = live(content);
  expect(stored.values).toEqual([token]);
  expect(stored.parts.some(({ value }) => value.includes('Token['))).toBe(false);
  expectStored(content, stored);
  expect(JSON.parse(pointerText(stored, PROPS).split('\n')[0] as string).values).toEqual([token]);
});

test('packs the largest files where there would be too many parts', () => {
  const content = contentOf(many(2500));
  const stored = live(content);
  expect(stored.parts.length).toBeLessThanOrEqual(64);
  expect(stored.parts.some(({ name }) => name.startsWith('etc/portway/iptables.rules'))).toBe(false);
  expectStored(
    { ...content, files: content.files.filter(({ optional }) => optional !== 'tool' && optional !== 'extra') },
    stored,
  );
});

test('says which files have the most parts where there are too many', () => {
  const noise = Array.from({ length: 7_000 }, (_, i) => createHash('sha256').update(`${i}`).digest('hex')).join('\n');
  const content = contentOf(web(), firstBootFile(`#!/bin/sh\n${noise}\n`));
  expect(() => live(content)).toThrow(
    /content must have at most 64 parts; shorten firstBootScript .*programs \d+, got: \d+/,
  );
});

test('names a file that can be neither plain nor packed', () => {
  const text = `#!/bin/sh\n${'x'.repeat(5000)} \${Token[TOKEN.1]}\n`;
  expect(() => live(contentOf(web(), firstBootFile(text)))).toThrow(
    'content of /var/lib/portway/first-boot must be ASCII with lines of less than 4096 bytes',
  );
});

test('leaves out tools before it packs a file, and `portway status` only after that', () => {
  const problems = new Problems();
  const all = contentOf(many(5));
  // What gives way before them has tests of its own.
  const files = all.files.filter(({ optional }) => optional !== 'extra' && optional !== 'sandbox');
  const stored = (room: number) => storedContent({ ...all, files }, problems, { room, isLive: true });
  const pathsOf = (one: StoredContent) => read(one).map(({ path }) => path);
  const isPlain = (one: StoredContent) => one.list.includes('etc/portway/iptables.rules');
  const whole = stored(Number.POSITIVE_INFINITY);
  const [top, status] = ['top', 'status'].map((module) => `/usr/local/lib/portway/portway/${module}.py`);
  expect(pathsOf(whole)).toEqual(expect.arrayContaining([top, status, '/usr/local/lib/portway/portway/top_flows.py']));
  const size = templateSize(whole);
  expect(pathsOf(stored(size))).toContain(top);
  const less = stored(size - 1);
  expect(pathsOf(less).filter((path) => path.includes('/top'))).toEqual([]);
  expect(pathsOf(less)).toContain(status);
  expect(isPlain(less)).toBe(true);
  const least = stored(templateSize(less) - 2000);
  expect(pathsOf(least)).not.toContain(top);
  problems.throwIfAny();
});
