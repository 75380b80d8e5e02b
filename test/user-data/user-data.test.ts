import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Aws } from 'aws-cdk-lib';
import { Forward } from '../../lib/forward/forward';
import { Problems } from '../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { PROGRAMS, readAsset } from '../../lib/host/assets';
import { encodeBase85 } from '../../lib/host/base85';
import { LOADERS, renderLoader } from '../../lib/host/content/loader';
import { signalUrlReserve } from '../../lib/host/content/user-data';
import { readFirstBootScript } from '../../lib/host/first-boot-script';
import { hostContent } from '../../lib/host/host-content';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';

/** What a MIME parser (Python's, which cloud-init uses) finds in it. */
function parts(text: string): { type: string; filename: string; body: string }[] {
  const script = `
import email, json, sys
m = email.message_from_string(sys.stdin.read())
print(json.dumps([{"type": p.get_content_type(), "filename": p.get_filename(), "body": p.get_payload(decode=True).decode()} for p in m.walk() if not p.is_multipart()]))`;
  return JSON.parse(execFileSync('python3', ['-c', script], { input: text, encoding: 'utf8' }));
}

test('is one shell part, in ASCII, with a constant name, that runs at every boot', () => {
  const text = renderLoader({ pointer: '/portway/Portway/0/now', signalUrl: 'https://signal.example/?a=b' });
  const [part, ...others] = parts(text);
  expect(others).toEqual([]);
  expect(part).toMatchObject({ type: 'text/x-shellscript-per-boot', filename: 'portway.sh' });
  expect(part?.body.startsWith('#!/bin/bash\n')).toBe(true);
  expect(text).toMatch(/^[\n\t\x20-\x7e]*$/);
});

test('no setting of any stack contains a quote', () => {
  const forwards = resolveForwardsOrThrow({
    forwards: {
      web: Forward.http({ listen: 80, to: 8080 }),
      game: Forward.tcp({ listen: 3000, to: '10.0.1.1:9000', engine: 'iptables' }),
    },
  });
  for (const os of Object.values(OPERATING_SYSTEMS))
    for (const value of Object.values(hostContent({ forwards, os }).settings)) expect(value).not.toMatch(/['\n]/);
});

test.each([0, 1, 2, 3, 4, 5, 255, 1000])('decodes %i bytes unchanged', (length) => {
  const bytes = Buffer.from(Array.from({ length }, (_, i) => (i * 89 + length) % 256));
  const script = 'import base64, sys; print(base64.b85decode(sys.stdin.read()).hex())';
  const input = encodeBase85(bytes);
  expect(execFileSync('python3', ['-c', script], { input, encoding: 'utf8' }).trim()).toBe(bytes.toString('hex'));
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

test.each([LOADERS[0], `${PROGRAMS}/host.sh`])('%s is the same program without its comments', (path) => {
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
