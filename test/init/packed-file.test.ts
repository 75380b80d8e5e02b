import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packCommand, packedFile } from '../../lib/init/packed-file';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'portway-packed-file-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** What a new app installs, if this one has installed the command. */
function told(manifest: object, { folder = 'app/new', modules = 'node_modules/portway/dist/lib/init' } = {}): string {
  mkdirSync(join(root, 'app'), { recursive: true });
  writeFileSync(join(root, 'app', 'package.json'), JSON.stringify(manifest));
  return packedFile(join(root, folder), join(root, 'app', modules));
}

test('the file that the command was installed from, as seen from the new app', () => {
  expect(told({ dependencies: { portway: 'file:../portway-1.0.0.tgz' } })).toBe('../../portway-1.0.0.tgz');
  expect(told({ devDependencies: { portway: 'file:portway-1.0.0.tgz' } }, { folder: 'app' })).toBe(
    './portway-1.0.0.tgz',
  );
  const modules = 'node_modules/.pnpm/portway@file+portway-1.0.0.tgz/node_modules/portway/dist/lib/init';
  expect(told({ dependencies: { portway: 'file:portway-1.0.0.tgz' } }, { modules })).toBe('../portway-1.0.0.tgz');
  expect(told({ dependencies: { portway: "file:it's here/p.tgz" } })).toBe(`'../it'\\''s here/p.tgz'`);
});

test('where nobody knows, a name for the file', () => {
  for (const manifest of [{}, { dependencies: { portway: '^1.0.0' } }]) expect(told(manifest)).toBe('./portway-*.tgz');
  expect(packedFile(root, join(root, 'clone', 'lib', 'init'))).toBe('./portway-*.tgz');
  expect(packedFile(root, join(root, 'gone', 'node_modules', 'portway'))).toBe('./portway-*.tgz');
});

test('in a clone the file is made first', () => {
  const clone = join(root, 'clone');
  mkdirSync(join(clone, 'bin'), { recursive: true });
  writeFileSync(join(clone, 'bin', 'portway.ts'), '');
  const at = process.cwd();
  const packed = (cwd: string, folder: string) => {
    process.chdir(cwd);
    return packCommand(folder, join(clone, 'lib', 'init'));
  };
  try {
    mkdirSync(join(root, 'app'));
    expect(packed(clone, '../app')).toBe('npm pack --pack-destination ../app');
    expect(packed(root, 'my app')).toBe("npm pack ./clone --pack-destination 'my app'");
    expect(packed(join(root, 'app'), '.')).toBe('npm pack ../clone');
    expect(packCommand('.', join(root, 'app', 'node_modules', 'portway', 'dist', 'lib'))).toBeUndefined();
  } finally {
    process.chdir(at);
  }
});
