import { execFile } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(__dirname, '..', '..');
const HOOK = join('bin', 'typescript.js');
const run = promisify(execFile);

jest.setTimeout(60_000);

/** A repository of two files, with its own folder of what was compiled. */
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portway-typescript-test-'));
  for (const name of ['bin', 'lib', 'node_modules/@swc']) mkdirSync(join(folder, name), { recursive: true });
  cpSync(join(ROOT, HOOK), join(folder, HOOK));
  const swc = readdirSync(join(ROOT, 'node_modules/@swc')).map((name) => `@swc/${name}`);
  for (const name of [...swc, 'tsx']) symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  write('lib/index.ts', "export const word: string = 'first';\n");
  write('bin/app.ts', "import { word } from 'portway';\nconsole.log(word);\n");
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

async function app(...flags: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [...flags, '--require', `./${HOOK}`, 'bin/app.ts'], { cwd: folder });
  return stdout;
}

test('a file that changed is compiled anew, also when its time and size did not change', async () => {
  const path = join(folder, 'lib/index.ts');
  expect(await app()).toBe('first\n');
  const { atime, mtime } = statSync(path);
  write('lib/index.ts', "export const word: string = 'other';\n");
  utimesSync(path, atime, mtime);
  expect(await app()).toBe('other\n');
});

test('what was compiled once is kept', async () => {
  await app();
  // Without the compiler, only what was kept can run.
  rmSync(join(folder, 'node_modules/@swc'), { recursive: true });
  mkdirSync(join(folder, 'node_modules/@swc/core'), { recursive: true });
  cpSync(join(ROOT, 'node_modules/@swc/core/package.json'), join(folder, 'node_modules/@swc/core/package.json'));
  expect(await app()).toBe('first\n');
  write('lib/index.ts', "export const word: string = 'other';\n");
  await expect(app()).rejects.toThrow('@swc/core');
});

test('runs where nothing can be kept', async () => {
  write('node_modules/.cache', 'a file, so that no folder can be made in it');
  expect(await app()).toBe('first\n');
});

test('runs by tsx on a Node whose require takes no ES modules', async () => {
  cpSync(join(ROOT, 'tsconfig.json'), join(folder, 'tsconfig.json'));
  expect(await app('--no-experimental-require-module')).toBe('first\n');
});

test('a file may be named by what it becomes', async () => {
  write('bin/app.ts', "void import('../lib/index.js').then(({ word }) => console.log(word));\n");
  expect(await app()).toBe('first\n');
});

test('a trace names the line of the source', async () => {
  write('bin/app.ts', "interface Gone {\n  a: 1;\n}\n\nthrow new Error('on line five' as string);\n");
  await expect(app()).rejects.toThrow(/bin\/app\.ts:5:7/);
});

test('portway prints the same as by tsx', async () => {
  const words = ['plan', '--json', '-c', 'adminCidr=203.0.113.7/32'];
  const options = { cwd: ROOT, maxBuffer: 64 * 2 ** 20 };
  const [ours, tsx] = await Promise.all([
    run(process.execPath, ['bin/portway.js', ...words], options),
    run(process.execPath, ['--import', 'tsx', 'bin/portway.ts', ...words], options),
  ]);
  expect(ours).toEqual(tsx);
  expect(Object.keys(JSON.parse(ours.stdout))).toEqual(['Portway']);
});
