import { chmod, cp, mkdtemp, open, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import spawn, { type SubprocessError } from 'nano-spawn';
import type { Architecture } from '../../../lib/host/operating-system';
import { cacheFolder, ensureCached, recipeHash } from '../../../rehearsal/src/cache';
import { type Emulator, ensureEmulator } from '../../../rehearsal/src/vm/emulator';
import { benchRoot } from '../lab/root';

/** The machine's first program: its path here, and its path there. */
const START = join(__dirname, 'guest/start.sh');
export const START_IN_IMAGE = '/usr/local/lib/start.sh';
/** The size of the disk's file system. The file is sparse. */
const DISK_GIB = 2;
/** Where its partition begins, in sectors of 512 bytes. */
const PARTITION_START = 2048;
/** The disk's signature, by which the kernel finds its first partition whatever the disk is called. */
const DISK_SIGNATURE = 0x706f7274;
export const ROOT_PARTITION = `${DISK_SIGNATURE.toString(16)}-01`;

/** What the machine that counts boots from, read-only. */
export interface CountImage {
  readonly architecture: Architecture;
  readonly emulator: Emulator;
  /** A raw disk with one partition, an ext4 file system. */
  readonly disk: string;
  readonly kernel: string;
  /** The kernel's release, without its architecture: Debian makes the same for all. */
  readonly release: string;
  /** The versions of Debian packages, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Debian 13 with everything that is counted. Made once, then cached; the first time takes a minute or two, and a quarter of an hour
 * for another architecture than this machine's.
 *
 * @param architecture of the machine. Default: x86_64
 */
export async function ensureCountImage(architecture: Architecture = 'x86_64'): Promise<CountImage> {
  const emulating = ensureEmulator(architecture);
  // Its failure is handled below, and must not end the process while the root is made.
  emulating.catch(() => undefined);
  const root = await benchRoot(architecture);
  const contents = await Promise.all([START, __filename].map(read));
  const hash = recipeHash({ root: basename(dirname(root)), contents });
  const folder = await ensureCached(join(cacheFolder(), 'images', `count-${hash}`), (made) => build(made, root));
  return {
    architecture,
    emulator: await emulating,
    disk: join(folder, 'disk.raw'),
    kernel: join(folder, 'vmlinuz'),
    release: kernelIn(await readdir(join(root, 'boot'))).replace(/-(amd64|arm64)$/, ''),
    versions: versionsIn(await read(join(root, 'var/lib/dpkg/status'))),
  };
}

async function build(folder: string, base: string): Promise<void> {
  const root = await mkdtemp(`${folder}-root-`);
  try {
    await run('cp', ['--archive', '--reflink=auto', `${base}/.`, root]);
    await cp(START, join(root, START_IN_IMAGE));
    await chmod(join(root, START_IN_IMAGE), 0o755);
    const release = kernelIn(await readdir(join(root, 'boot')));
    await cp(join(root, 'boot', `vmlinuz-${release}`), join(folder, 'vmlinuz'));
    const disk = join(folder, 'disk.raw');
    const options = ['-q', '-t', 'ext4', '-E', `offset=${PARTITION_START * 512}`, '-d', root];
    await run('mke2fs', [...options, disk, `${DISK_GIB}G`]);
    await truncate(disk, DISK_GIB * 2 ** 30 + PARTITION_START * 512);
    const file = await open(disk, 'r+');
    await file.write(partitionTable(), 0, 512, 0);
    await file.close();
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** The disk's first sector, a master boot record with one partition of type Linux. */
function partitionTable(): Buffer {
  const sector = Buffer.alloc(512);
  sector.writeUInt32LE(DISK_SIGNATURE, 440);
  sector.writeUInt8(0x83, 450);
  sector.writeUInt32LE(PARTITION_START, 454);
  sector.writeUInt32LE(DISK_GIB * 2 ** 21, 458);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

function kernelIn(boot: readonly string[]): string {
  const release = boot.find((name) => name.startsWith('vmlinuz-'))?.replace('vmlinuz-', '');
  if (release === undefined) throw new Error("the image's /boot holds no kernel");
  return release;
}

async function run(command: string, words: readonly string[]): Promise<void> {
  try {
    await spawn(command, [...words], { stdin: 'ignore', env: { LC_ALL: 'C.UTF-8' } });
  } catch (error) {
    const said = (error as SubprocessError).output.trim().split('\n').slice(-8).join('\n  ');
    throw new Error(`the image for counting could not be made: ${command} failed:\n  ${said}`);
  }
}

function read(file: string): Promise<string> {
  return readFile(file, 'utf8');
}

const SHOWN = ['caddy', 'haproxy', 'iptables', 'nftables', 'nginx', 'openssl'];

/** @param status dpkg's list of what is installed */
export function versionsIn(status: string): Readonly<Record<string, string>> {
  const all = [...status.matchAll(/^Package: (\S+)\n[\s\S]*?^Version: (\S+)$/gm)];
  return Object.fromEntries(
    all.filter(([, name = '']) => SHOWN.includes(name)).map(([, name, version]) => [name, version] as [string, string]),
  );
}
