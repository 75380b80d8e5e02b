import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import spawn, { type SubprocessError } from 'nano-spawn';
import { cacheFolder, ensureCached, recipeHash } from '../../../../rehearsal/src/cache';
import { downloadsBeside, ensureDebianRoot } from '../../../../rehearsal/src/image/root';

/** The package manager, the tools that build its packages, and what the tested scripts expect of any image. */
const PACKAGES = [
  ...['dnf', 'rpm', 'createrepo-c'],
  ...['python3', 'openssl', 'ca-certificates', 'curl', 'iproute2', 'util-linux', 'procps', 'kmod', 'passwd'],
];

/** The programs inside the stand-in's packages. */
const PROGRAMS = ['nginx', 'libnginx-mod-stream', 'iptables', 'conntrack', 'nftables'];

/** Where Debian keeps unsupported releases. */
const ARCHIVE = 'http://archive.debian.org/debian';

export interface AmazonLinux {
  /** The root file system, read-only. */
  readonly root: string;
  /** The folder with its repository, which its dnf expects on {@link REPOSITORY_PORT} of the client. */
  readonly repository: string;
}

/** As in make.sh. */
export const REPOSITORY_PORT = 8001;

/**
 * A stand-in for Amazon Linux 2023, since no public mirror offers it to tests: the same dnf, rpm and Python 3.9, and
 * packages with the names, files, users and units that AWS and Fedora document, but with Debian's programs inside. Made
 * once, then cached.
 */
export async function ensureAmazonLinux(): Promise<AmazonLinux> {
  const [base, python] = await Promise.all([
    ensureDebianRoot({ release: 'trixie', name: 'rpm', packages: PACKAGES, download: PROGRAMS }),
    oldPython(),
  ]);
  const names = (await readdir(__dirname, { recursive: true, withFileTypes: true })).filter((file) => file.isFile());
  const files = names.map((file) => join(file.parentPath, file.name)).sort();
  const contents = await Promise.all(files.map(async (file) => [basename(file), await readFile(file, 'utf8')]));
  const roots = [base, python].map((root) => basename(dirname(root)));
  const folder = await ensureCached(
    join(cacheFolder(), 'roots', `amazon-linux-${recipeHash({ roots, contents })}`),
    (building) => build(building, base, python),
  );
  return { root: join(folder, 'root'), repository: join(folder, 'repository') };
}

/** Debian 11 has the Python of Amazon Linux 2023. */
function oldPython(): Promise<string> {
  const recipe = { release: 'bullseye', name: 'python', packages: ['python3'] } as const;
  // The mirrors will drop it one day.
  return ensureDebianRoot({ ...recipe, packages: [...recipe.packages] }).catch(() =>
    ensureDebianRoot({ ...recipe, packages: [...recipe.packages], mirror: ARCHIVE }),
  );
}

async function build(folder: string, base: string, python: string): Promise<void> {
  // Outside the folder's own `root`, so that a failure leaves no incomplete root behind.
  const root = await mkdtemp(`${folder}-root-`);
  try {
    await spawn('cp', ['--archive', '--reflink=auto', `${base}/.`, root]);
    for (const name of ['debs', 'python', 'recipe']) await mkdir(join(root, 'tmp', name));
    await cp(__dirname, join(root, 'tmp/recipe'), { recursive: true });
    // In a mount namespace of its own: what is mounted disappears with it, however it ends.
    const enter =
      'mount -t proc proc "$1/proc"; mount --bind "$2" "$1/tmp/debs"; mount --bind "$3" "$1/tmp/python"; ' +
      'exec chroot "$1" /bin/bash /tmp/recipe/make.sh /tmp/debs /tmp/recipe /tmp/repository /tmp/python';
    await spawn('unshare', ['--mount', '--', 'sh', '-ec', enter, 'sh', root, downloadsBeside(base), python], {
      stdin: 'ignore',
      env: { LC_ALL: 'C.UTF-8' },
    });
    await rename(join(root, 'tmp/repository'), join(folder, 'repository'));
    for (const name of ['debs', 'python', 'recipe']) await rm(join(root, 'tmp', name), { recursive: true });
    await rename(root, join(folder, 'root'));
  } catch (error) {
    const said = `${(error as SubprocessError).output ?? error}`.trim().split('\n').slice(-8).join('\n  ');
    throw new Error(`the stand-in for Amazon Linux could not be made:\n  ${said}`);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
