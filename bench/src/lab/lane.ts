import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ADDRESS, Host, type Party, type Result, until } from '../../../test/host/support/host';
import { makeBodies } from './bodies';
import type { Cpu, CpuGroups } from './cpu-groups';
import type { Ground } from './ground';
import { benchRoot } from './root';

const SOCKET = '/run/application.sock';
/** The hard limit on many machines. Nothing here needs more. */
const OPEN_FILES = 20_000;

/** The same for every side of every lane: room for many short connections, which are not what is measured. */
const KERNEL_SETTINGS = [
  'net.core.somaxconn=16384',
  'net.ipv4.tcp_max_syn_backlog=16384',
  "net.ipv4.ip_local_port_range='1024 65535'",
  'net.ipv4.tcp_tw_reuse=1',
].join(' ');

/** The path of the programs of ../load that run inside each side. */
export const TOOLS = '/bench';
const TOOL_FILES = ['wrk.lua', 'udp.py', 'tls.py', 'idle.py'];

/** The application's port, on whichever side it is. */
export const APPLICATION_PORT = 8080;

/**
 * A client, a gateway and a backend for a single contender, with the application on gateway or backend. Rules,
 * connection tracking, open ports and logs of one contender never meet another's.
 */
export class Lane implements Ground {
  private constructor(
    readonly name: string,
    readonly applicationAt: 'gateway' | 'backend',
    private readonly host: Host,
    private readonly groups: CpuGroups | undefined,
  ) {}

  static async start(name: string, applicationAt: 'gateway' | 'backend', groups: CpuGroups | undefined): Promise<Lane> {
    const before = await groups?.add(name);
    const host = await Host.start({
      root: await benchRoot(),
      rooted: ['client', 'gateway', 'backend'],
      ...(before === undefined ? {} : { before }),
    });
    const lane = new Lane(name, applicationAt, host, groups);
    try {
      await lane.prepare();
    } catch (error) {
      await lane.stop();
      throw error;
    }
    return lane;
  }

  async stop(): Promise<void> {
    await this.host.stop();
    await this.groups?.remove(this.name);
  }

  get target(): string {
    return this.applicationAt === 'gateway' ? ADDRESS.gateway.v4 : ADDRESS.backend.v4;
  }

  sh(party: Party, script: string, input: string | Buffer = ''): Promise<string> {
    return this.host.sh(party, `ulimit -n ${OPEN_FILES}\n${script}`, input);
  }

  /** Runs a program. Does not throw for an exit code. */
  run(party: Party, command: readonly string[]): Promise<Result> {
    return this.host.run(party, command);
  }

  async put(party: Party, path: string, content: string | Buffer, mode = '0644'): Promise<void> {
    await this.sh(party, `mkdir -p "$(dirname '${path}')"; cat >'${path}'; chmod ${mode} '${path}'`, content);
  }

  async ready(party: Party, what: string, script: string): Promise<void> {
    await until(what, async () => (await this.run(party, ['bash', '-c', script])).code === 0);
  }

  /** How many requests the application has answered. */
  async served(): Promise<number> {
    const status = await this.sh(this.applicationAt, `curl -s --unix-socket ${SOCKET} http://application/`);
    return Number(/^ \d+ \d+ (\d+)/m.exec(status)?.[1]);
  }

  /** Whether a client gets the application's answer there. */
  async answers(url: string): Promise<boolean> {
    return (await this.run('client', ['curl', '-sk', '--max-time', '1', url])).stdout === 'ok\n';
  }

  /** Does the work, and returns the CPU time used meanwhile, if it can be counted. */
  async during<T>(work: () => Promise<T>): Promise<{ result: T; cpu?: Cpu }> {
    return this.groups === undefined ? { result: await work() } : this.groups.during(this.name, work);
  }

  private async prepare(): Promise<void> {
    await Promise.all((['client', 'gateway', 'backend'] as const).map((party) => this.equip(party)));
    await this.sh('gateway', 'sysctl -qw net.ipv4.ip_forward=1');
    // Returns the replies to a client that asks the backend directly.
    await this.sh('backend', `ip route add default via ${ADDRESS.inside.v4}`);
    await this.put(this.applicationAt, '/etc/application.conf', await readFile(join(__dirname, 'application.conf')));
    await makeBodies(this, this.applicationAt);
    await this.sh(this.applicationAt, 'nginx -c /etc/application.conf');
    const url = `http://${this.target}:${APPLICATION_PORT}/`;
    await until('the application answers', () => this.answers(url));
  }

  private async equip(party: Party): Promise<void> {
    await this.sh(party, `sysctl -qw ${KERNEL_SETTINGS}`);
    for (const file of TOOL_FILES) {
      await this.put(party, `${TOOLS}/${file}`, await readFile(join(__dirname, '../load', file)));
    }
  }
}
