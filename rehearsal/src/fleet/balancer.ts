import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { DescribeSecurityGroupsCommand, type EC2Client } from '@aws-sdk/client-ec2';
import { groupRules } from '../../../lib/operate/security-group';
import { BalancerReader, type DescribedBalancer, type HealthCheck } from '../aws/balancer';
import { ec2Client } from '../aws/client';
import type { Endpoint } from '../aws/endpoint';
import { callUnhealthy } from '../aws/group';
import type { Cleanup } from '../cleanup';
import type { Lab, LabBalancer } from '../lab';
import { securityRules } from '../lab-instance';
import { subnetOf } from '../network/addresses';
import type { BalancerNode } from '../network/balancer-rules';
import { addHost } from '../network/host';
import type { Party } from '../network/topology';
import { type Health, HostHealth, receivers } from './health';
import { type FleetHost, fleetHosts } from './hosts';

export interface BalancerOptions {
  readonly endpoint: Endpoint;
  readonly stack: string;
  readonly zones: number;
  readonly lab: Lab;
  readonly cleanup: Cleanup;
}

/** A host's health changed. */
export interface HealthEvent {
  readonly time: Date;
  readonly instanceId: string;
  readonly state: Health;
  /** What the host said, or why it did not answer. */
  readonly said: string;
}

/** In a subnet, the address of a balancer's part there. Instances have the tenth and later ones. */
const NODE = 4;
/** Numbers of the parties that ask hosts for their health; those of targets are lower. */
const FIRST_PARTY = 900;
/** How often the API is read, in milliseconds. */
const INTERVAL_MS = 1000;
/** The longest time for an answer, in seconds. AWS takes 6 by HTTP, which an emulated processor on a busy machine may miss twice in a row. */
export const CHECK_TIMEOUT = 10;

/**
 * Stands for a Network Load Balancer: follows the endpoint's API, asks each host for its health from each zone's own subnet, and has
 * the lab's router send new connections to healthy hosts of the zone, with the client's address.
 *
 * Target groups of a fleet differ in nothing but their port, so a host is asked once for all of them.
 */
export class Balancer {
  readonly #o: BalancerOptions;
  readonly #client: EC2Client;
  readonly #reader: BalancerReader;
  readonly #health = new Map<string, HostHealth>();
  readonly #draining = new Set<string>();
  /** The subnets of zones that are out of order. */
  readonly #lost = new Set<string>();
  /** Private addresses by id of all that run, also after they have stopped to be targets. */
  readonly #running = new Map<string, string>();
  readonly #asking = new Set<string>();
  readonly #events: HealthEvent[] = [];
  readonly #ending = new AbortController();
  readonly #nodes: readonly Party[];
  readonly #following: Promise<void>;
  #hosts: readonly FleetHost[] = [];
  #zones: DescribedBalancer['zones'] = [];
  #placed: LabBalancer | undefined;
  #error: unknown;

  private constructor(options: BalancerOptions, nodes: readonly Party[]) {
    this.#o = options;
    this.#nodes = nodes;
    this.#client = ec2Client(options.endpoint);
    this.#reader = new BalancerReader(options.endpoint);
    this.#following = this.#follow();
  }

  static async follow(options: BalancerOptions): Promise<Balancer> {
    const nodes: Party[] = [];
    for (let zone = 0; zone < options.zones; zone++)
      nodes.push(await addHost(options.lab.namespaces, FIRST_PARTY + zone, nodeAddress(zone)));
    const balancer = new Balancer(options, nodes);
    options.cleanup.add(`the balancer of ${options.stack}`, () => balancer.stop());
    return balancer;
  }

  /** The changes of hosts' health so far, in order. */
  get events(): readonly HealthEvent[] {
    return this.#events;
  }

  /** What it thinks of each of its targets. */
  get health(): ReadonlyMap<string, Health> {
    this.#throwIfFailed();
    const asked = [...this.#health].map(([id, { state }]): [string, Health] => [id, state]);
    return new Map([...asked, ...[...this.#draining].map((id): [string, Health] => [id, 'draining'])]);
  }

  /** Its fixed addresses, by subnet. */
  addressOf({ subnetId }: FleetHost): string {
    const zone = this.#zones.find((one) => one.subnetId === subnetId);
    if (zone === undefined) throw new Error(`the balancer has no address in ${subnetId}`);
    return zone.publicIp;
  }

  get addresses(): readonly string[] {
    return this.#zones.map(({ publicIp }) => publicIp);
  }

  /** The addresses that its name stands for: those of zones with a healthy host, or all if there is none. */
  get named(): readonly string[] {
    const well = this.#zones.filter(({ subnetId }) =>
      this.#hosts.some((host) => host.subnetId === subnetId && this.#stateOf(host) === 'healthy'),
    );
    return (well.length > 0 ? well : this.#zones).map(({ publicIp }) => publicIp);
  }

  /**
   * Takes the balancer's part in a zone out of order, or into order again: its address answers nobody. The zone's hosts are the caller's.
   * Meanwhile nobody calls them unhealthy to the group, which would start another one there.
   */
  setZone({ subnetId }: FleetHost, isWell: boolean): void {
    if (isWell) this.#lost.delete(subnetId);
    else this.#lost.add(subnetId);
  }

  /** Waits until something holds. @throws Error after `limit` seconds, or when following has failed */
  async until(what: string, holds: () => boolean, limit: number): Promise<void> {
    const end = Date.now() + limit * 1000;
    while (!holds()) {
      this.#throwIfFailed();
      if (Date.now() > end) {
        const health = [...this.health].map(([id, state]) => `${id} ${state}`).join(', ');
        throw new Error(`not within ${limit} s: ${what}; the balancer's hosts: ${health || 'none'}`);
      }
      await sleep(200);
    }
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ending;
    try {
      while (!signal.aborted) {
        await this.#look();
        await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
      }
    } catch (error) {
      if (!signal.aborted) this.#error = error;
    } finally {
      this.#client.destroy();
    }
  }

  async #look(): Promise<void> {
    const said = await this.#reader.read();
    if (said === undefined) return;
    const hosts = await fleetHosts(this.#client, this.#o.stack);
    const targets = new Set(said.listeners.flatMap((listener) => listener.targets));
    for (const id of this.#health.keys()) if (!targets.has(id)) this.#health.delete(id);
    await this.#drain(new Set(said.listeners.flatMap((listener) => listener.draining)));
    await this.#endWith(hosts);
    this.#hosts = hosts.filter(({ instanceId }) => targets.has(instanceId));
    this.#zones = said.zones;
    const [check] = said.listeners.map((listener) => listener.check);
    for (const host of check === undefined ? [] : this.#hosts) void this.#ask(host, check as HealthCheck);
    await this.#place(said);
  }

  /** Remembers who drains: it is not asked any more, and gets no new connections. */
  async #drain(draining: ReadonlySet<string>): Promise<void> {
    for (const id of this.#draining) if (!draining.has(id)) this.#draining.delete(id);
    for (const id of draining) {
      if (this.#draining.has(id)) continue;
      this.#draining.add(id);
      await this.#tell({ time: new Date(), instanceId: id, state: 'draining', said: 'deregistered' });
    }
  }

  /** Connections of a host that has ended end too: another one may get its address. */
  async #endWith(hosts: readonly FleetHost[]): Promise<void> {
    for (const [id, privateIp] of this.#running) {
      if (hosts.some(({ instanceId }) => instanceId === id)) continue;
      this.#running.delete(id);
      await this.#o.lab.endConnections(privateIp);
    }
    for (const { instanceId, privateIp } of hosts) this.#running.set(instanceId, privateIp);
  }

  async #tell(event: HealthEvent): Promise<void> {
    this.#events.push(event);
    await appendFile(join(this.#o.lab.folder, 'balancer.log'), `${JSON.stringify(event)}\n`);
  }

  /** Asks a host, and remembers what it says. One question at a time, at the check's interval. */
  async #ask(host: FleetHost, check: HealthCheck): Promise<void> {
    const { instanceId, privateIp, subnetId } = host;
    if (this.#asking.has(instanceId)) return;
    this.#asking.add(instanceId);
    const health = this.#health.get(instanceId) ?? new HostHealth();
    this.#health.set(instanceId, health);
    try {
      const begin = Date.now();
      const { lab } = this.#o;
      const zone = this.#zones.findIndex((one) => one.subnetId === subnetId);
      const url = `http://${privateIp}:${check.port}${check.path}`;
      const answer = await lab.probe.http(this.#nodes[zone] ?? 'stranger', url, { seconds: CHECK_TIMEOUT });
      // It may have begun to drain meanwhile.
      if (this.#ending.signal.aborted || this.#health.get(instanceId) !== health) return;
      if (health.add(answer.status === 200, check)) {
        const state = health.state;
        const text = answer.error ?? `${answer.status} ${answer.body.trim()}`;
        await this.#tell({ time: new Date(), instanceId, state, said: text });
        if (state === 'unhealthy') await lab.endConnections(privateIp);
      }
      // A host that somebody has ended meanwhile is unknown to the group.
      if (health.state === 'unhealthy' && !this.#lost.has(subnetId))
        await callUnhealthy(this.#o.endpoint, instanceId).catch(() => undefined);
      await sleep(begin + check.intervalSeconds * 1000 - Date.now(), undefined, { signal: this.#ending.signal });
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#error = error;
    } finally {
      this.#asking.delete(instanceId);
    }
  }

  /** Has the router do what the API says and the hosts' health asks for. */
  async #place(said: DescribedBalancer): Promise<void> {
    const { lab } = this.#o;
    const { SecurityGroups = [] } = await this.#client.send(new DescribeSecurityGroupsCommand({}));
    const own = SecurityGroups.map(groupRules).filter(({ id }) => said.groups.includes(id));
    const placed = {
      rules: securityRules(own),
      nodes: said.zones.map(({ subnetId, publicIp }, zone): BalancerNode => {
        const here = this.#hosts.filter((host) => host.subnetId === subnetId);
        const ports = said.listeners.flatMap(({ port, protocol, targets }) => {
          const hosts = here.filter(({ instanceId }) => targets.includes(instanceId));
          const chosen = receivers(hosts.map((host) => ({ host, state: this.#stateOf(host) })));
          if (this.#lost.has(subnetId)) return [];
          const addresses = chosen.map(({ host }) => host.privateIp).toSorted();
          return transports(protocol).map((transport) => ({ transport, port, hosts: addresses }));
        });
        return { privateIp: nodeAddress(zone), publicIp, ports };
      }),
    };
    if (isDeepStrictEqual(placed, this.#placed)) return;
    await lab.setBalancer(placed);
    this.#placed = placed;
  }

  #stateOf({ instanceId }: FleetHost): Health {
    return this.#health.get(instanceId)?.state ?? 'initial';
  }

  #throwIfFailed(): void {
    if (this.#error !== undefined)
      throw new Error(
        `the balancer's stand-in failed: ${this.#error instanceof Error ? this.#error.message : this.#error}`,
      );
  }
}

function transports(protocol: DescribedBalancer['listeners'][number]['protocol']): readonly ('tcp' | 'udp')[] {
  return protocol === 'TCP_UDP' ? ['tcp', 'udp'] : protocol === 'UDP' ? ['udp'] : ['tcp'];
}

function nodeAddress(zone: number): string {
  return subnetOf(zone).cidr.replace('0/24', `${NODE}`);
}
