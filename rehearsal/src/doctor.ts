import { existsSync } from 'node:fs';
import { readFile, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import spawn, { type SubprocessError } from 'nano-spawn';
import { ensurePackages, systemPath, type Tools } from './apt';
import { cacheFolder } from './cache';

/** Every program that the lab runs, and the Debian package that brings it. */
export const TOOLS: Tools = {
  bridge: 'iproute2',
  conntrack: 'conntrack',
  curl: 'curl',
  dnsmasq: 'dnsmasq-base',
  'dpkg-deb': 'dpkg',
  ip: 'iproute2',
  mke2fs: 'e2fsprogs',
  mmdebstrap: 'mmdebstrap',
  nft: 'nftables',
  nsenter: 'util-linux',
  python3: 'python3',
  setpriv: 'util-linux',
  ss: 'iproute2',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  unshare: 'util-linux',
  // Missing on Ubuntu. Without it, nothing from a Debian mirror can be verified.
  'the keys of Debian': {
    package: 'debian-archive-keyring',
    probe: ['test', '-e', '/usr/share/keyrings/debian-archive-keyring.gpg'],
  },
};

const GIB = 2 ** 30;
/**
 * The root (0.3 GB), a copy while the image is built, the image (0.4 GB), QEMU (0.3 GB), and what the VMs of a run
 * write.
 */
const DISK_NEEDED = 3 * GIB;
/** One VM of 1 GiB with its QEMU, the AWS endpoint and the CDK CLI. */
const MEMORY_NEEDED = 2 * GIB;

/** Facts about a machine. A test can describe another one. */
export interface MachineFacts {
  platform: string;
  architecture: string;
  root: boolean;
  /** Free bytes where the cache is. */
  disk: number;
  /** Bytes of memory still available to programs. */
  memory: number;
  tun: boolean;
}

/**
 * Checks whether the lab can work here, installs what can be installed, and sets the PATH so that system tools are
 * found. All findings are reported at once, each with what to do.
 *
 * @param options.report called with a line before something slow starts
 * @throws Error that lists everything that is in the way
 */
export async function examine(options: { report: (line: string) => void; install?: boolean }): Promise<void> {
  process.env.PATH = systemPath();
  const findings = judge(await machineFacts());
  // Without these, nothing else can be tried.
  if (findings.length === 0) {
    const missing = await ensurePackages(TOOLS, { report: options.report, install: options.install ?? true });
    findings.push(...missing.map(({ tool, reason }) => `${tool} is missing: ${reason}`));
  }
  if (findings.length === 0) findings.push(...(await tryNetwork()));
  if (findings.length > 0)
    throw new Error(`this machine cannot run the rehearsal yet:\n${findings.map((f) => `- ${f}`).join('\n')}`);
}

/** What the facts alone show. */
export function judge(facts: MachineFacts): string[] {
  if (facts.platform !== 'linux') {
    return [`the rehearsal needs Linux (network namespaces), this is ${facts.platform}: run it in a Linux VM`];
  }
  const findings: string[] = [];
  if (facts.architecture !== 'x64') {
    findings.push(`the rehearsal's VM is x86_64, this machine is ${facts.architecture}: run it on an x86_64 machine`);
  }
  if (!facts.root) findings.push('the rehearsal makes network namespaces and needs root: sudo npm start');
  if (facts.disk < DISK_NEEDED) {
    findings.push(
      `${gib(DISK_NEEDED)} must be free for ${cacheFolder()}, there are ${gib(facts.disk)}: ` +
        'make room, or set XDG_CACHE_HOME to a folder on a larger disk',
    );
  }
  if (facts.memory < MEMORY_NEEDED) {
    findings.push(`${gib(MEMORY_NEEDED)} of memory must be free, there are ${gib(facts.memory)}: end other programs`);
  }
  if (!facts.tun) {
    findings.push('/dev/net/tun is missing: modprobe tun (in a container: start it with --device /dev/net/tun)');
  }
  return findings;
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}

async function machineFacts(): Promise<MachineFacts> {
  let folder = cacheFolder();
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const meminfo = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  return {
    platform: process.platform,
    architecture: process.arch,
    root: process.getuid?.() === 0,
    disk: bavail * bsize,
    memory: Number(/^MemAvailable:\s+(\d+)/m.exec(meminfo)?.[1] ?? 0) * 1024,
    tun: existsSync('/dev/net/tun'),
  };
}

/** What the lab does to the network, tried in a namespace that ends with the command, and what a refusal means. */
const TRIALS: { command: string; missing: string }[] = [
  { command: 'true', missing: 'no network namespace can be made' },
  { command: 'ip link add cable0 type veth peer name cable1', missing: 'the kernel has no virtual cables (veth)' },
  { command: 'ip link add bridge0 type bridge', missing: 'the kernel has no bridges' },
  { command: 'ip tuntap add tap0 mode tap', missing: 'no tap device can be made' },
  {
    command: "nft 'table ip t { chain c { type nat hook prerouting priority dstnat; ct state new counter; }; }'",
    missing: 'the kernel has no nftables with NAT',
  },
];

async function tryNetwork(): Promise<string[]> {
  for (const { command, missing } of TRIALS) {
    try {
      await spawn('unshare', ['--net', 'sh', '-c', command], { stdin: 'ignore' });
    } catch (error) {
      const said = (error as SubprocessError).output?.trim().split('\n').at(-1);
      return [`${missing} (${said}): a container needs --privileged; another kernel needs the module`];
    }
  }
  // Named namespaces are mounts, which some containers refuse although they allow the namespaces themselves.
  const name = `portway-doctor-${process.pid}`;
  try {
    await spawn('ip', ['netns', 'add', name], { stdin: 'ignore' });
    await spawn('ip', ['netns', 'delete', name], { stdin: 'ignore' });
    return [];
  } catch (error) {
    const said = (error as SubprocessError).output?.trim();
    return [`ip netns add fails (${said}): a container needs --privileged`];
  }
}
