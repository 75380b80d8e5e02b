import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureCached, recipeHash } from '../src/cache';

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
    await mkdir(join(folder, 'thing.locked'));
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(join(folder, 'thing.locked'), longAgo, longAgo);
    await ensureCached(join(folder, 'thing'), async () => {});
    expect(await readdir(folder)).toEqual(['thing']);
  });

  test('waits while another process builds, and uses its result', async () => {
    const path = join(folder, 'thing');
    const program = `
      const { ensureCached } = require(${JSON.stringify(join(__dirname, '../src/cache.ts'))});
      void ensureCached(${JSON.stringify(path)}, async () => {
        process.stdout.write('building');
        await new Promise((resolve) => setTimeout(resolve, 700));
      });`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--eval', program], {
      cwd: join(__dirname, '../..'),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    await once(child.stdout, 'data');
    let builds = 0;
    await ensureCached(path, async () => {
      builds++;
    });
    expect(builds).toBe(0);
    await exited;
    expect(await readdir(folder)).toEqual(['thing']);
  }, 60_000);
});

test('a recipe has one name, another recipe another', () => {
  expect(recipeHash({ packages: ['a'] })).toBe(recipeHash({ packages: ['a'] }));
  expect(recipeHash({ packages: ['a'] })).not.toBe(recipeHash({ packages: ['b'] }));
});
