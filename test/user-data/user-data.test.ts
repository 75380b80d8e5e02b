import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Aws } from 'aws-cdk-lib';
import { Forward } from '../../lib/forward/forward';
import { Problems } from '../../lib/forward/problems';
import { type ForwardSet, resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { BOOT_SCRIPT, PROGRAMS, readAsset } from '../../lib/host/assets';
import { encodeBase85 } from '../../lib/host/base85';
import { readFirstBootScript } from '../../lib/host/first-boot-script';
import { hostContent } from '../../lib/host/host-content';
import type { HostFile } from '../../lib/host/host-file';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';
import { renderUserData, signalUrlReserve, USER_DATA_LIMIT } from '../../lib/host/user-data';

const RESERVE = 600;
const identity = {
  content: '0123456789abcdef',
  signalUrl: 'https://signal.example/?a=b',
  signalUrlReserve: RESERVE,
  attempt: 2,
};

function content(set: ForwardSet, firstBootScript?: HostFile) {
  return hostContent({
    forwards: resolveForwardsOrThrow(set),
    os: OPERATING_SYSTEMS['debian-13'],
    ...(firstBootScript === undefined ? {} : { firstBootScript }),
  });
}

function render(set: ForwardSet, firstBootScript?: HostFile) {
  const problems = new Problems();
  const userData = renderUserData(content(set, firstBootScript), identity, problems);
  problems.throwIfAny();
  return userData;
}

const small: ForwardSet = { engine: 'iptables', forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) } };
const team = (text: string): HostFile => ({ path: '/var/lib/portway/first-boot', mode: '0700', text, origin: 'team' });

/** `count` forwards to other hosts: four rules each. */
function many(count: number): ForwardSet {
  const entries = Array.from(
    { length: count },
    (_, i) => [`f${i}`, Forward.tcp({ listen: 3000 + i, to: `10.0.1.${i % 250}:9000` })] as const,
  );
  return { engine: 'iptables', forwards: Object.fromEntries(entries) };
}

/** So many that their rules no longer fit plain, and still fit compressed. */
const COMPRESSED = 66;

/** The text of the archive, read by Python as on the host. */
function archive(text: string): string {
  const packed = /^#portway-archive\n([\s\S]*)\n--portway--/m.exec(text)?.[1] ?? '';
  const script =
    'import base64, sys, zlib; packed = base64.b85decode("".join(sys.stdin.read().split())); sys.stdout.buffer.write(zlib.decompressobj(zdict=sys.argv[1].encode()).decompress(packed))';
  const dictionary = readAsset(BOOT_SCRIPT).trimEnd();
  return execFileSync('python3', ['-c', script, dictionary], { input: packed, encoding: 'utf8' });
}

/** What a MIME parser (Python's, which cloud-init uses) finds in it. */
function parts(text: string): { type: string; filename: string; body: string }[] {
  const script = `
import email, json, sys
m = email.message_from_string(sys.stdin.read())
print(json.dumps([{"type": p.get_content_type(), "filename": p.get_filename(), "body": p.get_payload(decode=True).decode()} for p in m.walk() if not p.is_multipart()]))`;
  return JSON.parse(execFileSync('python3', ['-c', script], { input: text, encoding: 'utf8' }));
}

test('is one shell part, in ASCII, with a constant name, that runs at every boot', () => {
  const { text } = render(small);
  const [part, ...others] = parts(text);
  expect(others).toEqual([]);
  expect(part).toMatchObject({ type: 'text/x-shellscript-per-boot', filename: 'portway.sh' });
  expect(part?.body.startsWith('#!/bin/bash\n')).toBe(true);
  expect(part?.body.endsWith('COMMIT\n') || part?.body.endsWith('\n')).toBe(true);
  expect(text).toMatch(/^[\n\t\x20-\x7e]*$/);
});

test('contains rules as plain lines, and settings that a shell can read', () => {
  const { text } = render({
    forwards: {
      web: Forward.tcp({ listen: 80, to: 8080 }),
      x: Forward.udp({ listen: 9, to: 10, engine: 'iptables' }),
    },
  });
  expect(text).toContain(
    '\n-A PORTWAY-DNAT -p udp --dport 9 -m comment --comment "portway:x" -j REDIRECT --to-ports 10\n',
  );
  expect(text).toMatch(/^ +proxy_pass .*portway-web;$/m);
  const env = /#portway-file 0600 \/etc\/portway\/portway\.env \d+\n((?:[A-Z_]+='.*'\n)+)/.exec(text)?.[1] ?? '';
  const read = execFileSync(
    'bash',
    [
      '-c',
      `set -eu; ${env} printf '%s|' "$PORTWAY_CONTENT" "$PORTWAY_SIGNAL_URL" "$PORTWAY_PACKAGES" "$PORTWAY_NGINX_LISTEN"`,
    ],
    { encoding: 'utf8' },
  );
  expect(read).toBe(
    '0123456789abcdef|https://signal.example/?a=b|iptables conntrack nftables nginx libnginx-mod-stream|tcp/80|',
  );
});

test('no setting of any stack contains a quote', () => {
  for (const os of Object.values(OPERATING_SYSTEMS)) {
    const { settings } = hostContent({ forwards: resolveForwardsOrThrow(many(3)), os });
    for (const value of Object.values(settings)) expect(value).not.toMatch(/['\n]/);
  }
});

test('compresses rules when they no longer fit', () => {
  expect(render(small).compressed).toBe(false);
  const middle = render(many(COMPRESSED));
  expect(middle.compressed).toBe(true);
  expect(middle.size).toBeLessThanOrEqual(USER_DATA_LIMIT);
  expect(middle.text).not.toContain('/etc/portway/iptables.rules');
  expect(archive(middle.text)).toContain('#portway-file 0644 /etc/portway/iptables.rules ');
});

test('restores compressed rules unchanged', () => {
  const set = many(COMPRESSED);
  const rules = content(set).files.find((f) => f.path === '/etc/portway/iptables.rules')?.text ?? '';
  // So many rules travel without comments.
  const expected = rules.replace(/^# .*\n/gm, '');
  const lines = expected.split('\n').length - 1;
  expect(archive(render(set).text)).toContain(`#portway-file 0644 /etc/portway/iptables.rules ${lines}\n${expected}`);
});

test.each([0, 1, 2, 3, 4, 5, 255, 1000])('decodes %i bytes unchanged', (length) => {
  const bytes = Buffer.from(Array.from({ length }, (_, i) => (i * 89 + length) % 256));
  const script = 'import base64, sys; print(base64.b85decode(sys.stdin.read()).hex())';
  const input = encodeBase85(bytes);
  expect(execFileSync('python3', ['-c', script], { input, encoding: 'utf8' }).trim()).toBe(bytes.toString('hex'));
});

test('drops the status command and comments before a forward no longer fits', () => {
  const some = render(small).text;
  expect(archive(some)).toContain('/portway/status.py ');
  expect(some).toMatch(/\n# web: tcp 80 /);
  const most = archive(render(many(100)).text);
  expect(most).not.toContain('/portway/status.py');
  expect(most).not.toMatch(/\n *# /);
  expect(most).toContain('\n#portway-hook PREROUTING ');
});

test('counts the whole reserve for the URL', () => {
  const { text, size } = render(small);
  expect(size).toBe(Buffer.byteLength(text) - identity.signalUrl.length + RESERVE);
});

test.each([
  ['plain', '#!/bin/sh\necho hello\n', true],
  ['not ASCII', '#!/bin/sh\necho gr\u00fc\u00df\n', false],
  ['a line like a header', '#!/bin/sh\n#portway-file 0644 /etc/passwd 1\n#portway-archive\n', false],
  ['a line like the boundary', '#!/bin/sh\n--portway--\n', false],
])('a first-boot script that is %s', (_what, script, isPlain) => {
  const { text } = render(small, team(script));
  const section = `#portway-file 0700 /var/lib/portway/first-boot ${script.split('\n').length - 1}\n${script}`;
  expect(text.includes(section)).toBe(isPlain);
  expect(archive(text).includes(section)).toBe(!isPlain);
  expect(parts(text)).toHaveLength(1);
});

describe('readFirstBootScript', () => {
  const folder = mkdtempSync(join(tmpdir(), 'portway-'));
  const read = (text: string) => {
    const file = join(folder, 'script');
    writeFileSync(file, text);
    const problems = new Problems();
    const script = readFirstBootScript(file, problems);
    problems.throwIfAny();
    return script;
  };

  test('accepts a script, and adds a missing line break at its end', () => {
    expect(read('#!/bin/bash\necho')).toMatchObject({
      path: '/var/lib/portway/first-boot',
      mode: '0700',
      text: '#!/bin/bash\necho\n',
    });
  });

  test.each([
    ['echo', /^firstBootScript must begin with the program that runs it/],
    ['#!/bin/sh\r\necho\r\n', /^firstBootScript must have Unix line endings/],
    ['#!/bin/sh\n\0', /^firstBootScript must be text/],
  ])('refuses %j', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  test('names a missing file', () => {
    const problems = new Problems();
    expect(readFirstBootScript('/nowhere/x.sh', problems)).toBeUndefined();
    expect(() => problems.throwIfAny()).toThrow(
      /^firstBootScript must be a file that can be read \(ENOENT.*got: \/nowhere\/x\.sh$/,
    );
  });
});

test.each([BOOT_SCRIPT, `${PROGRAMS}/host.sh`])('%s is the same program without its comments', (path) => {
  const stripped = readAsset(path);
  expect(stripped.startsWith('#!/bin/bash\n')).toBe(true);
  expect(
    stripped
      .split('\n')
      .slice(1)
      .some((line) => /^\s*#/.test(line)),
  ).toBe(false);
  execFileSync('bash', ['-n'], { input: stripped });
});

test("reserves enough for AWS's URL", () => {
  // As seen for a stack of 4 characters and a handle of 17 in eu-north-1.
  expect(signalUrlReserve({ stack: 'demo', handleLength: 17 })).toBeGreaterThan(467);
  // The longest names and region that there are: each stands there as often as in the URL that was seen.
  const longest = 467 - 4 - 17 - 4 * 'eu-north-1'.length + 128 + 255 + 4 * 'us-isof-south-1'.length;
  expect(signalUrlReserve({ stack: 's'.repeat(128), handleLength: 255 })).toBeGreaterThan(longest);
  expect(signalUrlReserve({ stack: Aws.STACK_NAME, handleLength: 1 })).toBe(520 + 128 + 1);
});
