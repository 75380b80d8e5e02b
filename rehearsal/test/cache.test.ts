import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureCached, processMark, recipeHash } from '../src/cache';

describe('ensureCached', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portway-cache-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('builds once, however many ask at the same time', async () => {
    let builds = 0;
    const ask = () =>
      ensureCached(join(folder, 'thing'), async (building) => {
        builds++;
        await sleep(100);
        await writeFile(join(building, 'content'), 'whole');
      });
    const paths = await Promise.all([ask(), ask(), ask()]);
    expect(builds).toBe(1);
    expect(new Set(paths)).toEqual(new Set([join(folder, 'thing')]));
    expect(await readFile(join(folder, 'thing/content'), 'utf8')).toBe('whole');
    expect(await readdir(folder)).toEqual(['thing']);
  });

  test('leaves nothing when the build fails, and tries again the next time', async () => {
    const path = join(folder, 'thing');
    await expect(ensureCached(path, () => Promise.reject(new Error('no network')))).rejects.toThrow('no network');
    expect(await readdir(folder)).toEqual([]);
    await ensureCached(path, async () => {});
    expect(await readdir(folder)).toEqual(['thing']);
  });

  test('takes over the lock of a process that is gone', async () => {
    const { pid } = spawnSync('true');
    await writeFile(join(folder, 'thing.lock'), `${pid} 12345\n`);
    await ensureCached(join(folder, 'thing'), async () => {});
    expect(await readdir(folder)).toEqual(['thing']);
  });

  test('takes over a lock whose pid is now that of another process', async () => {
    await writeFile(join(folder, 'thing.lock'), `${process.pid} 1\n`);
    await ensureCached(join(folder, 'thing'), async () => {});
    expect(await readdir(folder)).toEqual(['thing']);
  });
});

test('a process mark names pid and start', async () => {
  expect(await processMark(process.pid)).toMatch(new RegExp(`^${process.pid} \\d+$`));
});

test('a recipe has one name, another recipe another', () => {
  expect(recipeHash({ packages: ['a'] })).toBe(recipeHash({ packages: ['a'] }));
  expect(recipeHash({ packages: ['a'] })).not.toBe(recipeHash({ packages: ['b'] }));
});
