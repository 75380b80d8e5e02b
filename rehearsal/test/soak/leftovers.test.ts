import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leftovers, MARK } from '../../soak/leftovers';

let temporary: string;
beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'leftovers-'));
});
afterEach(() => rm(temporary, { recursive: true }));

test('nothing left is nothing found', async () => {
  expect(await leftovers({ mark: 'no-such-mark', temporary, id: 'no-such-id' })).toEqual([]);
});

test.each([
  [
    'by its environment',
    (folder: string) => ({ args: ['60'], options: { env: { [MARK]: `mark-of-${process.pid}` }, cwd: '/' }, folder }),
  ],
  ['by the folder that it works in', (folder: string) => ({ args: ['60'], options: { env: {}, cwd: folder }, folder })],
])('a process that goes on is found %s', async (_, of) => {
  const { args, options } = of(temporary);
  const child = spawn('/bin/sleep', args, options);
  await once(child, 'spawn');
  try {
    const found = await leftovers({ mark: `mark-of-${process.pid}`, temporary });
    expect(found).toEqual([expect.stringMatching(`^process ${child.pid}: `)]);
  } finally {
    child.kill();
    await once(child, 'close');
  }
});

test('a temporary file is found', async () => {
  await writeFile(join(temporary, 'disk'), '');
  expect(await leftovers({ mark: 'no-such-mark', temporary })).toEqual([`file ${join(temporary, 'disk')}`]);
});
