import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { bzip2 } from '../../lib/host/bzip2/bzip2';

const SCRIPT = `
import base64, bz2, json, sys
json.dump([base64.b64encode(bz2.decompress(base64.b64decode(one))).decode() for one in json.load(sys.stdin)], sys.stdout)`;

/** What Python reads, which has its own implementation. */
function throughPython(all: readonly Uint8Array[]): readonly string[] {
  const input = JSON.stringify(all.map((one) => bzip2(one).toString('base64')));
  const output = execFileSync('python3', ['-IBSc', SCRIPT], { input, encoding: 'utf8', maxBuffer: 2 ** 28 });
  return JSON.parse(output);
}

function expectRead(all: readonly Uint8Array[]): void {
  expect(throughPython(all)).toEqual(all.map((one) => Buffer.from(one).toString('base64')));
}

const noise = (size: number) =>
  Buffer.concat(Array.from({ length: Math.ceil(size / 32) }, (_, i) => createHash('sha256').update(`${i}`).digest()));

test('Python reads what it writes, however short, repetitive or random', () => {
  expectRead(
    ['', 'a', 'ab', 'aaaa', 'aaab', 'abababab', 'a'.repeat(255), 'a'.repeat(260), 'b'.repeat(100_000)].map((text) =>
      Buffer.from(text),
    ),
  );
  expectRead([Buffer.from('server 10.0.1.20:8080;\n'.repeat(20_000)), noise(50_000)]);
  const any = fc.oneof(
    fc.uint8Array({ maxLength: 3000 }),
    fc.array(fc.constantFrom('a', 'aaaa', 'ab', '\0', 'ÿ'), { maxLength: 800 }).map((all) => Buffer.from(all.join(''))),
  );
  expectRead(fc.sample(any, { numRuns: 300, seed: 1 }));
});

test('several blocks', () => {
  expectRead([Buffer.concat([noise(300_000), Buffer.alloc(1_200_000, 'abc'), noise(300_000)])]);
}, 60_000);

test('is as small as the reference, and the same each time', () => {
  const text = readFileSync(join(__dirname, '..', '..', 'docs', 'options.md'));
  const reference = execFileSync(
    'python3',
    ['-IBSc', 'import bz2,sys;print(len(bz2.compress(sys.stdin.buffer.read())))'],
    {
      input: text,
      encoding: 'utf8',
    },
  );
  const packed = bzip2(text);
  expect(packed.length).toBeLessThan(Number(reference) * 1.005);
  expect(bzip2(text)).toEqual(packed);
});

test('never changes by itself, since every host would get new content', () => {
  const sum = (text: string) =>
    createHash('sha256')
      .update(bzip2(Buffer.from(text)))
      .digest('hex')
      .slice(0, 16);
  expect(sum('#!/bin/sh\necho hello\n'.repeat(30) + [...Array(3000).keys()].join(' '))).toBe('38cccb6c893637ea');
});
