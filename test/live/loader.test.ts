import { execFileSync } from 'node:child_process';
import { renderLoader } from '../../lib/host/content/loader';

const scripts = {
  loader: "#!/bin/bash\nPORTWAY_POINTER=''\nPORTWAY_SIGNAL_URL=''\ncat\nexit\n",
  fetch: `#!/usr/bin/python3\n${'print("x")\n'.repeat(9)}`,
};
const props = {
  pointer: '/portway/Edge/0123456789abcdef/now',
  signalUrl: 'https://s.example/?a=$&b',
  scripts,
};
const text = renderLoader(props);

test('is one shell part that cloud-init runs at every boot', () => {
  expect(text).toMatch(/^Content-Type: multipart\/mixed; boundary="portway"\n/);
  expect(text.match(/^--portway$/gm)).toHaveLength(1);
  expect(text).toContain(
    'Content-Type: text/x-shellscript-per-boot\nContent-Disposition: attachment; filename="portway.sh"',
  );
  expect(text).toMatch(/\n--portway--\n$/);
});

test('knows its pointer, and where it reports', () => {
  expect(text).toContain(
    "\nPORTWAY_POINTER='/portway/Edge/0123456789abcdef/now'\nPORTWAY_SIGNAL_URL='https://s.example/?a=$&b'\ncat\nexit\n",
  );
});

test('knows the only content that a host may run, with its values, where each change restarts it', () => {
  const content = '0'.repeat(64);
  const other = renderLoader({ ...props, only: { content, values: ['10.0.1.20', "it's $&"] } });
  expect(other).toContain(
    `/now ${content}'\nPORTWAY_SIGNAL_URL='${props.signalUrl}'\n# value: 10.0.1.20\n# value: it's $&\ncat\nexit\n`,
  );
});

test('carries the program that fetches the content', () => {
  const [, packed = ''] = text.split('\nexit\n#portway-fetch\n');
  const lines = packed.replace(/\n--portway--\n$/, '');
  const script =
    'import base64, sys, zlib; sys.stdout.buffer.write(zlib.decompress(base64.b85decode(sys.stdin.read().replace("\\n", ""))))';
  expect(execFileSync('python3', ['-c', script], { input: lines, encoding: 'utf8' })).toBe(scripts.fetch);
});
