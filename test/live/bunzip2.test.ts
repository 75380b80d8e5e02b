import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { bunzip2 } from '../../lib/host/bzip2/bunzip2';
import { bzip2 } from '../../lib/host/bzip2/bzip2';

test('reads what our own program packed', () => {
  const runs = fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 600 })), {
    maxLength: 20,
  });
  const data = fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    runs.map((all) => Uint8Array.from(all.flatMap(([byte, count]) => Array<number>(count).fill(byte)))),
  );
  fc.assert(
    fc.property(data, (bytes) => {
      expect(Buffer.from(bunzip2(bzip2(bytes))).equals(bytes)).toBe(true);
    }),
  );
}, 60_000);

test("reads several blocks as Python's library packs them", () => {
  const data = Buffer.concat([randomBytes(150_000), Buffer.alloc(70_000, 'abc')]);
  const program = 'import bz2, sys; sys.stdout.buffer.write(bz2.compress(sys.stdin.buffer.read(), 1))';
  const packed = execFileSync('python3', ['-c', program], { input: data, maxBuffer: 1 << 24 });
  expect(Buffer.from(bunzip2(packed)).equals(data)).toBe(true);
}, 60_000);

test('refuses other bytes, and an archive that ends too early', () => {
  expect(() => bunzip2(Buffer.from('BZip'))).toThrow('must be a bzip2 archive');
  expect(() => bunzip2(bzip2(Buffer.from('some text')).subarray(0, 30))).toThrow('ends too early');
});
