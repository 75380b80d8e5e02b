import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import spawn, { type SubprocessError } from 'nano-spawn';
import { type Architecture, OPERATING_SYSTEMS, type OperatingSystemId } from '../../../lib/host/operating-system';
import { cacheFolder, ensureCached, recipeHash } from '../cache';
import { type Emulator, ensureEmulator } from '../vm/emulator';
import { makeRepository } from './packages';
import { downloadsBeside, ensureDebianRoot } from './root';

/** What Debian's image for EC2 contains and a gateway uses. Without nginx and iptables, which user-data installs. */
const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'systemd-resolved', 'libpam-systemd', 'dbus', 'udev'],
  ...['cloud-init', 'openssh-server', 'python3', 'openssl', 'curl', 'ca-certificates', 'sudo'],
  ...['iproute2', 'kmod', 'procps', 'logrotate', 'nftables', 'zstd', 'e2fsprogs'],
];

/** The kernel that Debian's image for EC2 has. */
export const KERNELS: Record<Architecture, string> = {
  x86_64: 'linux-image-cloud-amd64',
  arm64: 'linux-image-cloud-arm64',
};

/** Debian's names for its releases. */
const RELEASES = { 'debian-13': 'trixie', 'debian-12': 'bookworm' } as const satisfies Partial<
  Record<OperatingSystemId, string>
>;

/** The systems that there is an image of. The others have no repository that a rehearsal could install them from. */
export type VmSystem = keyof typeof RELEASES;

/** The disk's size: the root volume of the default stack. The file is sparse. */
const DISK_GIB = 8;

/** Files that go into the image: their path here, and their path there. */
const FILES = join(__dirname, 'files');
const APPLICATION = join(__dirname, '../services/application.py');
const APPLICATION_IN_IMAGE = 'usr/local/lib/rehearsal/application.py';
const CUSTOMIZE = join(__dirname, 'customize.sh');

/** What a VM boots from. All of it is read-only; a run puts an overlay on the disk. */
export interface VmImage {
  architecture: Architecture;
  /** The emulator that runs it. */
  emulator: Emulator;
  /** A raw ext4 file system, which is the whole disk. */
  disk: string;
  /** Has the drivers for disk and file system built in, so it needs no initrd. */
  kernel: string;
  /** The Debian repository that the lab serves: the packages that the gateway's user-data installs. */
  repository: string;
  /** The Python program that the backend hosts run too. */
  application: string;
  /** That program's key and certificate. */
  certificate: string;
  /** Key and certificate of the stand-ins for AWS services. The VM trusts them like those of public CAs. */
  awsCertificate: string;
}

/**
 * The rehearsal's VM image: Debian as on EC2, with an application on 8080 and 8443. It is kept in the cache, and made
 * anew when its recipe (packages, files, scripts) changes. The first time takes a minute or two and about 500 MB.
 *
 * @param options.os Debian release. Default: 13
 * @param options.architecture of the machine. Default: x86_64. On an x86_64 machine, an arm64 image is made and booted
 * in software, which takes several times as long
 * @param options.mirror Debian mirror. Default: the machine's own, else the bootstrap tool's
 */
export async function ensureVmImage(
  options: { os?: VmSystem | undefined; architecture?: Architecture | undefined; mirror?: string | undefined } = {},
): Promise<VmImage> {
  const { os = 'debian-13', architecture = 'x86_64', mirror } = options;
  const emulating = ensureEmulator(architecture, mirror);
  // Its failure is handled below, and must not end the process while the root is made.
  emulating.catch(() => undefined);
  const root = await ensureDebianRoot({
    release: RELEASES[os],
    architecture,
    name: 'vm',
    packages: [KERNELS[architecture], ...PACKAGES],
    // The packages that user-data may install, served by the lab; without those that the image already has.
    download: Object.values(OPERATING_SYSTEMS[os].packages).flat(),
    mirror,
  });
  const sources = [CUSTOMIZE, APPLICATION, __filename, ...(await filesUnder(FILES))];
  const contents = await Promise.all(sources.map(async (file) => [basename(file), await readFile(file, 'utf8')]));
  const hash = recipeHash({ root: basename(dirname(root)), contents });
  const folder = await ensureCached(join(cacheFolder(), 'images', `${os}-${hash}`), (building) =>
    build(building, root, architecture),
  );
  return {
    architecture,
    emulator: await emulating,
    disk: join(folder, 'disk.ext4'),
    kernel: join(folder, 'vmlinuz'),
    repository: join(folder, 'repository'),
    application: APPLICATION,
    certificate: join(folder, 'application.pem'),
    awsCertificate: join(folder, 'aws.pem'),
  };
}

async function build(folder: string, base: string, architecture: Architecture): Promise<void> {
  const root = await mkdtemp(`${folder}-root-`);
  try {
    // A copy, not an overlay: in a container the cache may itself be on an overlay, and overlays do not stack there.
    await run('cp', ['--archive', '--reflink=auto', `${base}/.`, root]);
    await cp(FILES, root, { recursive: true });
    await mkdir(join(root, dirname(APPLICATION_IN_IMAGE)), { recursive: true });
    await cp(APPLICATION, join(root, APPLICATION_IN_IMAGE));
    await cp(CUSTOMIZE, join(root, 'tmp/customize.sh'));
    // In a mount namespace of its own: what is mounted for the script disappears with it, however it ends. Without the
    // user's environment, whose TMPDIR does not exist there.
    const enter =
      'mount -t proc proc "$1/proc" && exec env -i LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$1" /bin/bash /tmp/customize.sh';
    await run('unshare', ['--mount', '--', 'sh', '-c', enter, 'sh', root]);
    await rm(join(root, 'tmp/customize.sh'));

    const boot = await readdir(join(root, 'boot'));
    await cp(join(root, 'boot', only(boot, 'vmlinuz-')), join(folder, 'vmlinuz'));
    await cp(join(root, 'usr/local/lib/rehearsal/application.pem'), join(folder, 'application.pem'));
    await rename(join(root, 'tmp/aws.pem'), join(folder, 'aws.pem'));
    await run('mke2fs', ['-q', '-t', 'ext4', '-d', root, join(folder, 'disk.ext4'), `${DISK_GIB}G`]);
    await makeRepository(downloadsBeside(base), join(folder, 'repository'), architecture);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function only(names: string[], prefix: string): string {
  const found = names.filter((name) => name.startsWith(prefix));
  if (found.length === 1 && found[0]) return found[0];
  throw new Error(`the image's /boot should hold one ${prefix}* file, got: ${found.join(', ') || 'none'}`);
}

async function run(command: string, arguments_: string[]): Promise<void> {
  try {
    await spawn(command, arguments_, { stdin: 'ignore', env: { LC_ALL: 'C.UTF-8' } });
  } catch (error) {
    const said = (error as SubprocessError).output.trim().split('\n').slice(-8).join('\n  ');
    throw new Error(`the VM image could not be made: ${command} failed:\n  ${said}`);
  }
}

async function filesUnder(folder: string): Promise<string[]> {
  const paths = (await readdir(folder, { recursive: true })).map((path) => join(folder, path)).sort();
  const stats = await Promise.all(paths.map((path) => stat(path)));
  return paths.filter((_path, index) => stats[index]?.isFile());
}
