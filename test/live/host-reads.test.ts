import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { checkStack } from '../../lib/check-stack';
import { Problems } from '../../lib/forward/problems';
import { pointerText, storedContent } from '../../lib/host/content/stored-content';
import { firstBootFile } from '../../lib/host/first-boot-script';
import { type HostContent, hostContent } from '../../lib/host/host-content';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';
import { CANONICAL } from '../snapshots/canonical';

const PROPS = { live: { stack: 'Portway', condition: 'GatewayLive0123456789abcdef' }, attempt: 3 };
const PROGRAMS = join(__dirname, '..', '..', 'assets', 'usr', 'local', 'lib', 'portway');

interface Read {
  readonly about: { readonly content: string; readonly live: string; readonly stack: string; readonly attempt: number };
  readonly files: readonly { readonly path: string; readonly mode: string; readonly text: string }[];
  /** What the loader unpacks: programs alone. */
  readonly loader: Read['files'];
}

/** What CloudFormation makes of a text: each token becomes an address. */
function deployed(text: string, tokens: readonly string[]): string {
  return tokens.reduce((all, token, i) => all.replaceAll(token, `10.9.8.${i}`), text);
}

/** Stores contents, and reads them by the host's own programs. */
function throughTheHost(contents: readonly HostContent[], room = Number.POSITIVE_INFINITY, isLive = false) {
  const stored = contents.map((content) => {
    const problems = new Problems();
    const live = storedContent(content, problems, { room, isLive });
    problems.throwIfAny();
    return { content, live };
  });
  const input = JSON.stringify(
    stored.map(({ live }) => ({
      pointer: deployed(pointerText(live, PROPS), live.values),
      parts: Object.fromEntries(live.parts.map(({ name, value }) => [name, value])),
    })),
  );
  const output = execFileSync('python3', ['-IB', join(__dirname, 'read_content.py'), PROGRAMS], {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const read = JSON.parse(output) as readonly Read[];
  return stored.map((one, i) => ({ ...one, read: read[i] as Read }));
}

const byPath = (files: Read['files']) =>
  files.map(({ path, mode, text }) => ({ path, mode, text })).toSorted((a, b) => (a.path < b.path ? -1 : 1));

function expected({ files, settings }: HostContent, tokens: readonly string[]): Read['files'] {
  const lines = Object.entries(settings).map(([key, value]) => `${key}='${value}'\n`);
  const env = { path: '/etc/portway/portway.env', mode: '0600', text: lines.join('') };
  return byPath([...files, env].map((file) => ({ ...file, text: deployed(file.text, tokens) })));
}

const canonical = Object.entries(CANONICAL).map(([name, props]) => {
  const { forwards, settings, machine } = checkStack(props);
  return [name, hostContent({ forwards, settings, os: OPERATING_SYSTEMS[machine.os], live: true })] as const;
});

test('a host reads of each canonical stack what synth stored', () => {
  for (const { content, live, read } of throughTheHost(canonical.map(([, content]) => content))) {
    expect(byPath(read.files)).toEqual(expected(content, live.values));
    expect(read.about).toMatchObject({
      ...{ content: live.content, live: PROPS.live.condition, stack: PROPS.live.stack, attempt: PROPS.attempt },
    });
  }
}, 60_000);

test('the loader finds all programs before they are there', () => {
  for (const { content, read } of throughTheHost(canonical.map(([, content]) => content))) {
    const scripts = content.files.filter((file) => file.origin === 'script');
    expect(byPath(read.loader)).toEqual(expect.arrayContaining(byPath(scripts)));
    expect(scripts.map(({ path }) => path)).toContain('/usr/local/lib/portway/portway/content.py');
  }
}, 60_000);

test('a host reads files that no bucket leaves plain', () => {
  const nginx = canonical.filter(([name]) => name === 'nginx').map(([, content]) => content);
  for (const { content, live, read } of throughTheHost(nginx, 38_000)) {
    expect(live.parts.some(({ name }) => name.includes('nginx.conf'))).toBe(false);
    const [conf] = read.files.filter(({ path }) => path === '/etc/nginx/nginx.conf');
    expect(conf?.text).toContain('listen 80');
    // Tools are left out where there is no room, and then limits of services.
    expect(read.files).toHaveLength(content.files.filter(({ optional }) => typeof optional !== 'string').length + 1);
  }
}, 60_000);

test('a host reads the limits of its services where nothing else has to go for them', () => {
  const nginx = canonical.filter(([name]) => name === 'nginx').map(([, content]) => content);
  for (const { content, read } of throughTheHost(nginx, 40_400, true)) {
    expect(read.files.map(({ path }) => path)).toContain('/etc/systemd/system/nginx.service.d/sandbox.conf');
    expect(read.files).toHaveLength(
      content.files.filter(({ optional }) => optional !== 'tool' && optional !== 'extra').length + 1,
    );
  }
}, 60_000);

test('whatever files hold, a host reads them as they are', () => {
  const piece = fc.oneof(
    fc.constantFrom('{', '{{', '@(', '@(brace)', '@(at)', '@(0)', '#portway-end', '\n', '\n\n', '\t', 'é', '\r', ' '),
    fc.constantFrom(1, 2, 3).map((n) => `\${Token[TOKEN.${n}]}`),
    fc.string({ maxLength: 20 }),
    fc.constantFrom('x'.repeat(2000), 'y\n'.repeat(1500)),
  );
  const content = fc
    .array(piece, { maxLength: 40 })
    .map((pieces) => pieces.join(''))
    // A file with a token cannot be packed, so it must be one that can be plain.
    .filter((text) => !text.includes('Token[') || (/^[\n\t\x20-\x7e]*$/.test(text) && !/.{3900}/.test(text)))
    .map(
      (text): HostContent => ({ files: [firstBootFile(`#!/bin/sh\n${text}`)], settings: { PORTWAY_PACKAGES: 'a b' } }),
    );
  const contents = fc.sample(content, 400);
  expect(contents.filter(({ files }) => files[0]?.text.includes('Token[')).length).toBeGreaterThan(50);
  for (const { content: written, live, read } of throughTheHost(contents))
    expect(byPath(read.files)).toEqual(expected(written, live.values));
}, 60_000);
