import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build as bundle, type Metafile } from 'esbuild';
import spawn from 'nano-spawn';

const ROOT = join(__dirname, '..', '..');

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

/**
 * Builds the package's JavaScript and types in `dist`: one CommonJS file for the library and one for the command line.
 *
 * Packages that are ES modules only are bundled, so that a consumer's jest, which cannot load those, can load this.
 * The two files lie as deep as lib/host, whose path to assets/ then holds for them as well.
 *
 * @see docs/decisions/commonjs.md
 */
export async function build(dist = join(ROOT, 'dist')): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  const metafile = await bundlePackage(dist);
  const types = ['-p', 'tsconfig.package.json', '--outDir', dist];
  await spawn(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), ...types], { cwd: ROOT });
  mkdirSync(dist, { recursive: true });
  writeFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), licences(bundledPackages(metafile)));
}

/** Writes the package's JavaScript. @returns what went into it */
export async function bundlePackage(dist: string): Promise<Metafile> {
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
  const { metafile } = await bundle({
    absWorkingDir: ROOT,
    entryPoints: { 'lib/index': 'lib/index.ts', 'bin/portway': 'bin/portway.ts' },
    outdir: dist,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    sourcemap: true,
    metafile: true,
    logLevel: 'warning',
    // The rehearsal stays in the repository.
    external: [...Object.keys(dependencies), ...Object.keys(peerDependencies), '../rehearsal/*'],
  });
  return metafile;
}

/** The folders of the packages whose code is in the bundles. */
function bundledPackages({ inputs }: Metafile): readonly string[] {
  const folders = Object.keys(inputs).flatMap(
    (file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [],
  );
  return [...new Set(folders)].toSorted();
}

/** @throws Error if a bundled package has no licence text, which its authors ask to be passed on */
function licences(folders: readonly string[]): string {
  const texts = folders.map((folder) => {
    const file = readdirSync(join(ROOT, folder)).find((name) => /^licen[cs]e/i.test(name));
    if (file === undefined) throw new Error(`${folder} must have a licence file, since dist/ contains its code`);
    const { name, version } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
    return `${name} ${version}\n\n${readFileSync(join(ROOT, folder, file), 'utf8').trim()}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}
