import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Forward } from '../../../lib/forward/forward';
import { resolveForwardsOrThrow } from '../../../lib/forward/resolve';
import { renderHealth } from '../../../lib/host/health';
import { asset } from './assets';
import { ADDRESS, type Host, type HostOptions } from './host';
import { RulesHost, rulesOf } from './rules';

const UNIT = '/etc/systemd/system/portway-health.service';
/** The systemd stand-in's files of the service: its log and its pid. */
const RUN = '/run/systemd/portway-health';
const STATE = '/run/portway/health/state';

/** The service's state of a target. */
export interface TargetState {
  readonly forward: string;
  readonly target: string;
  readonly up: boolean;
  /** Seconds since 1970. */
  readonly since: number;
}

/** One of the steady client's connections. */
export interface Attempt {
  /** When it began, in milliseconds since 1970. */
  readonly at: number;
  /** Milliseconds. */
  readonly took: number;
  /** Who answered, or `none` and why nobody did. */
  readonly name: string;
}

/** A test host with the rules and the health service, and several backends behind it. */
export class HealthHost {
  private constructor(
    readonly rules: RulesHost,
    readonly host: Host,
  ) {}

  static async start(options: HostOptions = {}): Promise<HealthHost> {
    const rules = await RulesHost.start(options);
    await rules.host.write(UNIT, asset(UNIT));
    await rules.host.sh('gateway', 'sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1');
    return new HealthHost(rules, rules.host);
  }

  stop(): Promise<void> {
    return this.rules.stop();
  }

  /** Applies the forwards' rules and starts the service with their data, as a deploy does. */
  async deploy(forwards: Readonly<Record<string, Forward>>): Promise<void> {
    await this.kill('TERM');
    await this.rules.apply(rulesOf(forwards));
    const data = renderHealth(resolveForwardsOrThrow({ forwards, engine: 'iptables' }));
    await this.host.write('/etc/portway/health.json', data ?? '');
    await this.serve();
  }

  /** Starts the service with its unit's privileges. */
  async serve(): Promise<void> {
    await this.host.sh('gateway', `systemctl start portway-health || { cat ${RUN}.log; exit 1; }`);
  }

  /** Ends the service, if it runs, and waits until it is gone. */
  async kill(signal: 'TERM' | 'KILL'): Promise<void> {
    await this.host.sh(
      'gateway',
      `systemctl is-active portway-health || exit 0
      kill -${signal} "$(<${RUN}.pid)"
      while systemctl is-active portway-health; do /usr/bin/sleep 0.05; done`,
    );
  }

  /** The service's log since its start. */
  log(): Promise<string> {
    return this.host.read(`${RUN}.log`);
  }

  async state(): Promise<readonly TargetState[]> {
    const text = await this.host.read(STATE);
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  /** Waits until the service reports exactly these targets as down. */
  async down(...targets: readonly string[]): Promise<void> {
    const now = async () => (await this.state()).filter((t) => !t.up).map((t) => t.target);
    await this.until(`${targets.join(', ') || 'no target'} down`, async () => `${await now()}` === `${targets}`);
  }

  /** Waits for a condition that takes some rounds of checks, more on a busy machine. @throws Error after 30 s */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const end = Date.now() + 30_000;
    while (!(await holds())) {
      if (Date.now() > end) throw new Error(`did not come true: ${what}\n${await this.log()}`);
      await sleep(50);
    }
  }

  /** Adds an address to the backend's namespace, with an application of this name. */
  async backend(protocol: 'tcp' | 'udp', address: string, port: number, name: string): Promise<void> {
    await this.return(address);
    await this.host.app('backend', protocol, port, name, address);
  }

  /** Silences the host behind an address: nothing answers, not even with a refusal. */
  async silence(address: string): Promise<void> {
    await this.host.sh('backend', `ip addr del ${address}/${prefix(address)} dev eth0`);
  }

  async return(address: string): Promise<void> {
    const nodad = address.includes(':') ? 'nodad' : '';
    await this.host.sh('backend', `ip addr replace ${address}/${prefix(address)} dev eth0 ${nodad}`);
  }

  /** Kills the application on a TCP port of a party, so that connections are refused. */
  async killApplication(party: 'gateway' | 'backend', port: number): Promise<void> {
    await this.host.sh(
      party,
      `pids=$(ss -Hltnp "sport = :${port}" | grep -oE 'pid=[0-9]+' | cut -d= -f2 | sort -u)
      [[ -n $pids ]]
      kill -9 $pids
      while [[ -n $(ss -Hltn "sport = :${port}") ]]; do /usr/bin/sleep 0.02; done`,
    );
  }

  /** A client that connects repeatedly; `stop` returns the outcome of each connection. */
  async steady(address: string, port: number): Promise<{ stop(): Promise<readonly Attempt[]> }> {
    const folder = await mkdtemp(join(tmpdir(), 'portway-steady-'));
    const end = join(folder, 'stop');
    const script = this.host.support('client', 'steady.py');
    const run = this.host.run('client', ['python3', script, address, `${port}`, end, '20']);
    return {
      stop: async () => {
        await writeFile(end, '');
        const { stdout } = await run;
        await rm(folder, { recursive: true });
        return stdout
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line));
      },
    };
  }

  ask(port: number, source: { readonly port?: number; readonly address?: string } = {}, family: 'v4' | 'v6' = 'v4') {
    return this.host.ask('client', 'tcp', ADDRESS.gateway[family], port, source).then((answer) => answer.name);
  }
}

function prefix(address: string): number {
  return address.includes(':') ? 64 : 24;
}
