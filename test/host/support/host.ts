import { type ChildProcess, spawn as spawnChild } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureDebianRoot } from '../../../rehearsal/src/image/root';
import { describeAsRoot } from '../../support/as-root';

const HERE = __dirname;

/**
 * Packages that the tested scripts expect after the package step on Debian 13; and programs that communicate through the gateway: a VPN,
 * gRPC's own implementation, and servers that check the client's address.
 */
const PACKAGES = [
  ...['iptables', 'nftables', 'conntrack', 'nginx', 'libnginx-mod-stream', 'openssl', 'curl'],
  ...['python3', 'iproute2', 'util-linux', 'procps', 'kmod'],
  ...['wireguard-go', 'wireguard-tools', 'python3-grpcio', 'apache2-bin', 'vsftpd'],
  ...[
    'mariadb-server-core',
    'mariadb-client-core',
    'postgresql',
    'python3-django',
    'gunicorn',
    'uvicorn',
    'node-express',
  ],
];

/** The addresses of the small network: client and backend are two hops apart, with the gateway between them. */
export const ADDRESS = {
  client: { v4: '198.51.100.10', v6: '2001:db8:100::10' },
  /** The gateway's address as the client sees it. */
  gateway: { v4: '198.51.100.1', v6: '2001:db8:100::1' },
  backend: { v4: '10.0.1.10', v6: 'fd00:1::10' },
  /** The gateway's address as the backend sees it. */
  inside: { v4: '10.0.1.1', v6: 'fd00:1::1' },
} as const;

export type Party = 'client' | 'gateway' | 'backend';

export interface HostOptions {
  /** The root file system, read-only. Default: Debian with the packages that the tested scripts expect. */
  readonly root?: string;
  /** Parties with that root, each with its own overlay; the others see the machine's files. Default: only the gateway. */
  readonly rooted?: readonly Party[];
  /** A command prefix for each party, run outside its namespaces. Default: none. */
  readonly before?: (party: Party) => readonly string[];
}

/** Shell that waits until no nginx runs on the gateway, where each `sleep` takes 0.1 s (support/enter-root.sh). */
const NGINX_GONE = 'while pgrep -x nginx >/dev/null; do sleep 0.1; done';
/** Shell for the gateway: ends nginx, and waits until all of it has ended. */
export const STOP_NGINX = `nginx -s stop; ${NGINX_GONE}`;
/** The same, but it gets no time to remove its socket and its pid file. */
export const KILL_NGINX = `pkill -9 -x nginx; ${NGINX_GONE}`;

/** The small application's answer: its name, the port it was reached on, and the client it saw. */
export interface Answer {
  readonly name: string;
  readonly client: string;
  readonly clientPort: number;
  readonly port: number;
}

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Host tests. Builds the Debian root first. Skipped, with the reason in the name, where they cannot run. */
export function describeHost(name: string, body: () => void): void {
  describeAsRoot(name, () => {
    beforeAll(() => hostRoot(), 600_000);
    body();
  });
}

/**
 * Which Debian the hosts are: 13, or 12 with PORTWAY_TEST_DEBIAN=12 in the environment. Other versions of iptables, nginx,
 * bash and awk then meet the same scripts.
 */
export const DEBIAN = process.env.PORTWAY_TEST_DEBIAN === '12' ? 'debian-12' : 'debian-13';

/** The Debian root of all hosts, or with `more` packages one with another `name`. Built once, then cached. */
export function hostRoot(more: readonly string[] = [], name = 'host'): Promise<string> {
  const release = DEBIAN === 'debian-12' ? 'bookworm' : 'trixie';
  return ensureDebianRoot({ release, packages: [...PACKAGES, ...more], name });
}

/**
 * An isolated Debian 13 host. Its files are an in-memory overlay over a read-only root, and it has its own namespaces for network,
 * mounts, processes and host name, so the machine's nginx and iptables are never touched. Two more namespaces, with only a network,
 * are a client and a backend.
 *
 * It has no systemd: `systemctl` is a small stand-in (support/systemctl). The rehearsal runs the real one.
 */
export class Host {
  private readonly children: ChildProcess[] = [];
  private readonly pids = new Map<Party, number>();

  private readonly rooted: readonly Party[];

  private constructor(
    private readonly folder: string,
    private readonly options: HostOptions,
  ) {
    this.rooted = options.rooted ?? ['gateway'];
  }

  static async start(options: HostOptions = {}): Promise<Host> {
    const host = new Host(await mkdtemp(join(tmpdir(), 'portway-host-')), options);
    try {
      const root = options.root ?? (await hostRoot());
      for (const party of ['gateway', 'client', 'backend'] as const) {
        if (!host.rooted.includes(party)) await host.keep(party, [], 'cat');
        else await host.keep(party, ['-m', '-p', '-u', '-i'], join(HERE, 'enter-root.sh'), root, host.folder, HERE);
      }
      await host.connect();
      return host;
    } catch (error) {
      await host.stop();
      throw error;
    }
  }

  /** Stops everything: processes, mounts and links end with their namespace. */
  async stop(): Promise<void> {
    const ends = this.children.map((child) => new Promise((done) => child.once('exit', done)));
    const running = this.children.map((child) => child.exitCode === null && child.signalCode === null);
    for (const pid of this.pids.values()) kill(pid);
    for (const child of this.children) child.kill('SIGKILL');
    await Promise.all(ends.filter((_, i) => running[i]));
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs a program; on the gateway, inside its root. Never throws for an exit code. */
  run(party: Party, command: readonly string[], input: string | Buffer = ''): Promise<Result> {
    const child = this.spawn(party, command);
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout?.on('data', (data: Buffer) => stdout.push(data));
    child.stderr?.on('data', (data: Buffer) => stderr.push(data));
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      // `exit`, not `close`: a started daemon keeps the pipes open.
      child.once('exit', (code) => {
        setTimeout(() => {
          resolve({
            code: code ?? -1,
            stdout: Buffer.concat(stdout).toString(),
            stderr: Buffer.concat(stderr).toString(),
          });
        }, 20);
      });
    });
  }

  /** Runs a line of bash. @throws Error with the output if it fails */
  async sh(party: Party, script: string, input: string | Buffer = ''): Promise<string> {
    const result = await this.run(party, ['bash', '-c', `set -eo pipefail\n${script}`], input);
    if (result.code !== 0)
      throw new Error(`${party}: ${script}\nended with ${result.code}: ${result.stdout}${result.stderr}`);
    return result.stdout;
  }

  /** Writes a file on the gateway. */
  async write(path: string, content: string | Buffer, mode = '0644'): Promise<void> {
    await this.sh('gateway', `mkdir -p "$(dirname '${path}')"; cat >'${path}'; chmod ${mode} '${path}'`, content);
  }

  /** Reads a file on the gateway; empty if it does not exist. */
  read(path: string): Promise<string> {
    return this.sh('gateway', `cat '${path}' 2>/dev/null || :`);
  }

  /** Starts a long-running program and waits for its first line on stdout, which says that it is ready. */
  async serve(party: Party, command: readonly string[]): Promise<void> {
    const child = this.spawn(party, command);
    this.children.push(child);
    let said = '';
    child.stderr?.on('data', (data: Buffer) => {
      said += data.toString();
    });
    await new Promise<void>((resolve, reject) => {
      child.stdout?.once('data', () => resolve());
      child.once('exit', (code) => reject(new Error(`${command.join(' ')} ended with ${code}: ${said}`)));
    });
  }

  /** Starts the application support/app.py, which answers with what it saw; by default on all addresses of the party. */
  async app(
    party: Party,
    protocol: 'tcp' | 'udp',
    port: number,
    name = party as string,
    address = '::',
  ): Promise<void> {
    const script = this.support(party, 'app.py');
    await this.serve(party, ['python3', script, protocol, `${port}`, name, address]);
  }

  /** The application's answer to a connection from a party, or the error as text. */
  async ask(
    from: Party,
    protocol: 'tcp' | 'udp',
    address: string,
    port: number,
    source: { readonly port?: number; readonly address?: string } = {},
  ): Promise<Answer> {
    const script = this.support(from, 'ask.py');
    const { stdout, stderr } = await this.run(from, askCommand(script, protocol, address, port, 1, source));
    if (stdout.trim() !== '') return JSON.parse(stdout);
    return { name: `none: ${stderr.trim().split('\n').at(-1)}`, client: '', clientPort: 0, port: 0 };
  }

  /** How often each application answered a number of sequential connections. @throws Error when one fails */
  async share(protocol: 'tcp' | 'udp', address: string, port: number, count: number): Promise<Record<string, number>> {
    const script = this.support('client', 'ask.py');
    const { code, stdout, stderr } = await this.run('client', askCommand(script, protocol, address, port, count));
    if (code !== 0) throw new Error(stderr);
    const shares: Record<string, number> = {};
    for (const line of stdout.trim().split('\n')) {
      const { name } = JSON.parse(line) as Answer;
      shares[name] = (shares[name] ?? 0) + 1;
    }
    return shares;
  }

  /** Where a party finds a file of this folder. */
  support(party: Party, file: string): string {
    return this.rooted.includes(party) ? `/support/${file}` : join(HERE, file);
  }

  private spawn(party: Party, command: readonly string[]): ChildProcess {
    const pid = this.pids.get(party);
    if (pid === undefined) throw new Error(`${party} was not started`);
    const enter = ['-t', `${pid}`, '-n', ...(this.rooted.includes(party) ? ['-m', '-p', '-u', '-i', '-r', '-w'] : [])];
    const [program, ...words] = [...(this.options.before?.(party) ?? []), 'nsenter', ...enter, '--', ...command];
    const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };
    return spawnChild(program as string, words, { env, stdio: 'pipe' });
  }

  /**
   * Keeps namespaces alive with a process inside, which prints `ready` once everything is mounted. It ends with its input, so
   * nothing is left behind even if this process is killed.
   */
  private async keep(party: Party, namespaces: readonly string[], ...command: string[]): Promise<void> {
    const options = ['-n', ...namespaces, '--fork', '--kill-child'];
    const script = 'echo ready; exec "$@"';
    const body = namespaces.length > 0 ? command : ['bash', '-c', script, '-', ...command];
    const child = spawnChild('unshare', [...options, '--', ...body], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.children.push(child);
    let said = '';
    child.stderr.on('data', (data: Buffer) => {
      said += data.toString();
    });
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`the ${party} namespace could not be made (${code}): ${said}`)));
    });
    const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8');
    this.pids.set(party, Number(children.trim().split(' ')[0]));
  }

  private async connect(): Promise<void> {
    const [gateway, client, backend] = (['gateway', 'client', 'backend'] as const).map((p) => `${this.pids.get(p)}`);
    const link = (name: string, pid: string | undefined) =>
      exec('ip', `link add ${name} netns ${gateway} type veth peer name eth0 netns ${pid}`.split(' '));
    await link('ens5', client);
    await link('ens6', backend);
    // Without this a link-local IPv6 address takes a second before it answers neighbours.
    const up = (device: string, at: { v4: string; v6: string }) =>
      `echo 0 >/proc/sys/net/ipv6/conf/${device}/accept_dad; ip addr add ${at.v4}/24 dev ${device}; ip addr add ${at.v6}/64 dev ${device} nodad; ip link set ${device} up`;
    await this.sh('gateway', `ip link set lo up; ${up('ens5', ADDRESS.gateway)}; ${up('ens6', ADDRESS.inside)}`);
    // The backend has no route to the client: answers can return only through the gateway's own address.
    await this.sh(
      'client',
      `ip link set lo up; ${up('eth0', ADDRESS.client)}; ip route add default via ${ADDRESS.gateway.v4}`,
    );
    await this.sh('backend', `ip link set lo up; ${up('eth0', ADDRESS.backend)}`);
  }
}

/** Waits until something holds. @throws Error when it does not within so many seconds */
export async function until(what: string, holds: () => Promise<boolean>, seconds = 5): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`did not come true within ${seconds} s: ${what}`);
    await sleep(50);
  }
}

function askCommand(
  script: string,
  protocol: 'tcp' | 'udp',
  address: string,
  port: number,
  count: number,
  source: { readonly port?: number; readonly address?: string } = {},
): readonly string[] {
  const words = [protocol, address, `${port}`, `${source.port ?? 0}`, `${count}`, source.address ?? ''];
  return ['python3', script, ...words];
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone already
  }
}

async function exec(command: string, args: readonly string[]): Promise<void> {
  const child = spawnChild(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said += data.toString();
  });
  const code = await new Promise((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${said}`);
}
