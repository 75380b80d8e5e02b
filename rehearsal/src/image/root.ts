import { chmod, lstat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import spawn, { type SubprocessError } from 'nano-spawn';
import { type Architecture, DEB_ARCHITECTURES } from '../../../lib/host/operating-system';
import { cacheFolder, ensureCached, recipeHash } from '../cache';
import { machineAptOptions, machineMirror } from './mirror';

/** How a cached root was made, besides its packages. A change here invalidates cached roots. */
const SETTINGS = {
  apt: ['APT::Install-Recommends "false"', 'Acquire::Languages "none"'],
  dpkg: [
    // The root is discarded if anything fails, so files need not be flushed one by one.
    'force-unsafe-io',
    'path-exclude=/usr/share/doc/*',
    'path-exclude=/usr/share/man/*',
    'path-exclude=/usr/share/info/*',
    'path-exclude=/usr/share/locale/*',
    'path-exclude=/usr/share/lintian/*',
  ],
  // mmdebstrap leaves the machine's own names and apt settings (such as a proxy) in the root, which must not contain
  // them.
  files: {
    'etc/resolv.conf': '',
    'etc/hostname': 'debian\n',
    'etc/apt/apt.conf.d/99mmdebstrap': 'APT::Install-Recommends "false";\nAcquire::Languages "none";\n',
    // Packages installed into such a root must not start their services on this machine.
    'usr/sbin/policy-rc.d': '#!/bin/sh\nexit 101\n',
  },
};

export interface DebianRootOptions {
  /** Debian release by name. */
  release: 'trixie' | 'bookworm' | 'bullseye';
  /**
   * Default: x86_64. Any architecture other than the machine's needs qemu-user and binfmt_misc, through which its
   * programs run here.
   */
  architecture?: Architecture;
  /** Packages on top of the smallest system with apt. */
  packages: string[];
  /** First part of the folder's name in the cache. */
  name: string;
  /** Packages whose .deb files are kept beside the root, with all dependencies that the root lacks. */
  download?: string[];
  /** Debian mirror. Default: the one that this machine uses, else the bootstrap tool's own. */
  mirror?: string | undefined;
}

/**
 * A Debian root file system, made by mmdebstrap and kept in the cache as long as its recipe stays the same.
 *
 * Treat it as read-only (put an overlay on it). Services do not start in it: its /usr/sbin/policy-rc.d forbids it.
 *
 * @returns the root's path
 * @throws Error with mmdebstrap's last lines if the root cannot be made
 */
export async function ensureDebianRoot(options: DebianRootOptions): Promise<string> {
  const { release, name, architecture = 'x86_64' } = options;
  const packages = [...new Set(options.packages)].sort();
  const download = [...new Set(options.download ?? [])].sort();
  const recipe = { release, packages, download, settings: SETTINGS };
  const hash = recipeHash(architecture === 'x86_64' ? recipe : { ...recipe, architecture });
  const entry = await ensureCached(join(cacheFolder(), 'roots', `${name}-${hash}`), async (folder) => {
    const mirror = options.mirror ?? (await machineMirror());
    await bootstrap(folder, { release, architecture, packages, download, mirror });
  });
  return join(entry, 'root');
}

/** Where {@link ensureDebianRoot} keeps the .deb files that `download` asked for. */
export function downloadsBeside(root: string): string {
  return join(root, '..', 'debs');
}

async function bootstrap(
  folder: string,
  recipe: {
    release: string;
    architecture: Architecture;
    packages: string[];
    download: string[];
    mirror: string | undefined;
  },
): Promise<void> {
  const arguments_ = [
    '--mode=root',
    '--variant=minbase',
    // The emulated machine's, whatever this one has.
    `--architectures=${DEB_ARCHITECTURES[recipe.architecture]}`,
    '--format=directory',
    ...(recipe.packages.length > 0 ? [`--include=${recipe.packages.join(',')}`] : []),
    ...SETTINGS.apt.map((line) => `--aptopt=${line}`),
    ...(await machineAptOptions()).map((line) => `--aptopt=${line}`),
    ...SETTINGS.dpkg.map((line) => `--dpkgopt=${line}`),
    ...(recipe.download.length > 0 ? [`--customize-hook=${DOWNLOAD_HOOK}`] : []),
    recipe.release,
    join(folder, 'root'),
    ...(recipe.mirror ? [recipe.mirror] : []),
  ];
  const env = {
    LC_ALL: 'C.UTF-8',
    // The kernels that boot from it have their drivers built in, and making an initrd takes minutes if programs are
    // emulated.
    INITRD: 'No',
    PORTWAY_DOWNLOAD: recipe.download.join(' '),
    PORTWAY_DEBS: join(folder, 'debs'),
  };
  try {
    await spawn('mmdebstrap', arguments_, { stdin: 'ignore', env });
  } catch (error) {
    throw new Error(explain(error as SubprocessError, recipe));
  }
  for (const [path, content] of Object.entries(SETTINGS.files)) {
    const file = join(folder, 'root', path);
    // A link (resolv.conf's, with systemd-resolved) is the system's own choice, and may lead out of the root.
    const found = await lstat(file).catch(() => undefined);
    if (!found?.isSymbolicLink()) await writeFile(file, content);
  }
  await chmod(join(folder, 'root/usr/sbin/policy-rc.d'), 0o755);
  await chmod(folder, 0o755);
}

/**
 * Fetches packages without installing them, with the apt, keys and mirror that built the root, and with the list of
 * what is installed there. So a single run against the mirror is enough.
 */
const DOWNLOAD_HOOK = [
  'mkdir -p "$PORTWAY_DEBS/partial"',
  // Unquoted on purpose: one word for each package.
  'APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get --yes --download-only --no-install-recommends' +
    ' -o Dir::Cache::archives="$PORTWAY_DEBS" install $PORTWAY_DOWNLOAD',
  'rm -rf "$PORTWAY_DEBS/partial" "$PORTWAY_DEBS/lock"',
].join(' && ');

function explain(error: SubprocessError, recipe: { release: string; mirror: string | undefined }): string {
  if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    return 'mmdebstrap is not installed: apt-get install mmdebstrap';
  }
  const said = `${error.output}`.trim().split('\n').slice(-8).join('\n  ');
  const from = recipe.mirror ?? "mmdebstrap's default mirror";
  return `the Debian ${recipe.release} root could not be made from ${from} (another one: --mirror URL):\n  ${said}`;
}
