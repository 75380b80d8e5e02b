import { readFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import type { Lane } from './lane';

/** What the figures depend on, for readers to judge them. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  /** Of the machine itself; everything measured comes from Debian 13. */
  readonly system: string;
}

export async function describeMachine(): Promise<Machine> {
  const system = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const all = cpus();
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(system)?.[1] ?? 'unknown',
  };
}

const PACKAGES = ['caddy', 'haproxy', 'iperf3', 'iptables', 'nftables', 'nginx', 'openssl', 'python3', 'socat', 'wrk'];

/** The versions of Debian packages, by name. */
export async function versions(lane: Lane): Promise<Readonly<Record<string, string>>> {
  const text = await lane.sh('gateway', `dpkg-query -W -f '\${Package} \${Version}\\n' ${PACKAGES.join(' ')}`);
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
}
