import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeSecurityGroupsCommand, type EC2Client, type Instance } from '@aws-sdk/client-ec2';
import {
  allInstances,
  describeInstance,
  metadataTags,
  ofStack,
  readUserData,
  required,
  stackAddress,
} from '../../lib/operate/instance';
import { groupRules, type SecurityGroupRules } from '../../lib/operate/security-group';
import { ec2Client } from './aws/client';
import type { Endpoint } from './aws/endpoint';
import type { Cleanup } from './cleanup';
import { givenAway, type InstanceState, instanceChanges, powerOf } from './instance-changes';
import type { Lab } from './lab';
import { labInstance, securityRules } from './lab-instance';
import type { Vm } from './vm/qemu';

export interface FollowOptions {
  readonly endpoint: Endpoint;
  /** The stack whose instances and address are followed. */
  readonly stack: string;
  readonly lab: Lab;
  readonly cleanup: Cleanup;
  /** Polling interval in milliseconds. Default: 400. */
  readonly interval?: number;
  /** Called after each thing that the lab did. */
  onEvent?(event: InstanceEvent): void;
}

/** What the lab did to follow the EC2 API. */
export interface InstanceEvent {
  readonly time: Date;
  readonly instanceId: string;
  /**
   * `launched`, `stopped` (the power is off), `started`, `terminated`, `address` (the Elastic IP now leads to it), `no
   * address`, `rules` (of its security groups), `check` (of source and destination), `tags` (in its metadata service).
   */
  readonly what:
    | 'launched'
    | 'stopped'
    | 'started'
    | 'terminated'
    | 'address'
    | 'no address'
    | 'rules'
    | 'check'
    | 'tags';
  /** Details for a reader: the address, or how a stop went. */
  readonly detail?: string;
}

/** An instance that the lab runs. */
interface Followed {
  readonly vm: Vm;
  readonly privateIp: string;
  /** What the lab has done so far. */
  has: InstanceState;
  /** The power is being switched. The next look picks up anything new. */
  busy: boolean;
}

/**
 * Makes the lab follow EC2: polls the endpoint's EC2 API, and launches, stops, starts and terminates machines, moves the
 * Elastic IP, and changes security groups. During a replacement there are two instances for a while.
 */
export class Instances {
  readonly #o: FollowOptions;
  readonly #client: EC2Client;
  readonly #followed = new Map<string, Followed>();
  readonly #events: InstanceEvent[] = [];
  readonly #ending = new AbortController();
  readonly #following: Promise<void>;
  /** The Elastic IP as the lab has it. */
  #address: { readonly publicIp: string; readonly instanceId: string } | undefined;
  #looks = 0;
  #error: unknown;
  #failed!: (error: unknown) => void;

  /** Rejects as soon as following fails. Whoever waits for the lab can race against it. */
  readonly failed: Promise<never> = new Promise((_, reject) => {
    this.#failed = reject;
  });

  private constructor(options: FollowOptions) {
    this.#o = options;
    this.#client = ec2Client(options.endpoint);
    // Nobody has to await it: settled(), vm() and stop() report the failure too.
    this.failed.catch(() => undefined);
    this.#following = this.#follow();
  }

  /** Starts at once. stop() ends it, and is on the cleanup stack. */
  static follow(options: FollowOptions): Instances {
    const instances = new Instances(options);
    options.cleanup.add(`following the instances of ${options.stack}`, () => instances.stop());
    return instances;
  }

  /** In chronological order. */
  get events(): readonly InstanceEvent[] {
    return this.#events;
  }

  /** Ids of all instances so far, in order of launch. */
  get ids(): readonly string[] {
    return [...this.#followed.keys()];
  }

  /**
   * The machine of an instance. Default: the one with the Elastic IP, or the latest if none has it yet.
   * @throws Error when there is none, or when following has failed
   */
  vm(instanceId?: string): Vm {
    this.#throwIfFailed();
    const id = instanceId ?? this.#address?.instanceId ?? this.#alive().at(-1);
    const vm = id === undefined ? undefined : this.#followed.get(id)?.vm;
    if (!vm) throw new Error(`the lab has no ${id === undefined ? 'instance yet' : `instance ${id}`}`);
    return vm;
  }

  /**
   * Waits until the lab matches the EC2 API as of this call or later. Machines are switched by then, not booted.
   * @param limit seconds. Default: 240, since a stop may take 90 and may come twice
   * @throws Error when it takes longer, or when following fails
   */
  async settled(limit = 240): Promise<void> {
    // A poll that is already running may have begun before this call.
    const looks = this.#looks + 2;
    const end = Date.now() + limit * 1000;
    for (;;) {
      this.#throwIfFailed();
      if (this.#looks >= looks && [...this.#followed.values()].every(({ busy }) => !busy)) return;
      if (this.#ending.signal.aborted) throw new Error('the lab does not follow the instances any more');
      if (Date.now() > end) throw new Error(`the lab has not come to what EC2 says within ${limit} s`);
      await sleep(50);
    }
  }

  /** Stops following. The machines stay as they are. @throws Error that made following fail */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#following;
    this.#throwIfFailed();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ending;
    try {
      while (!signal.aborted) {
        // A poll's changes count only after the next poll has found nothing to do.
        if (!(await this.#look())) this.#looks++;
        await sleep(this.#o.interval ?? 400, undefined, { signal }).catch(() => undefined);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#client.destroy();
    }
  }

  /** @returns whether there was anything to do */
  async #look(): Promise<boolean> {
    const { stack } = this.#o;
    const before = this.#events.length;
    const [instances, address, groups] = await Promise.all([
      allInstances(this.#client),
      stackAddress(this.#client, stack),
      this.#securityGroups(),
    ]);
    const ended = new Set(this.#followed.keys());
    // A group's new instance may have the address of one that has just ended.
    for (const id of givenAway(this.#followed, instances)) await this.#terminate(id);
    let switching = false;
    for (const instance of instances) {
      const id = required(instance.InstanceId, 'instance id');
      // A terminated instance may have lost its tags.
      if (!this.#followed.has(id) && !ofStack(instance, stack)) continue;
      if (powerOf(instance) === 'gone') continue;
      ended.delete(id);
      if (await this.#adjust(instance, groups)) switching = true;
    }
    // An instance may end in the same look in which another gets its address: first the end, as in CloudFormation, then
    // the address.
    await this.#adjustAddress(address?.PublicIp, address?.InstanceId);
    for (const id of ended) await this.#terminate(id);
    return switching || this.#events.length > before;
  }

  /** @returns whether its power is being switched */
  async #adjust(instance: Instance, groups: ReadonlyMap<string, SecurityGroupRules>): Promise<boolean> {
    const { lab } = this.#o;
    const says = stateOf(instance, groups);
    const { instanceId } = says;
    const followed = this.#followed.get(instanceId);
    for (const change of instanceChanges(followed?.has, says)) {
      if (followed === undefined) {
        await this.#launch(instance, says);
        return true;
      }
      if (change === 'rules') {
        await lab.setSecurityRules(instanceId, says.rules);
        followed.has = { ...followed.has, rules: says.rules };
        this.#tell(instanceId, 'rules');
      } else if (change === 'check') {
        await lab.setSourceDestCheck(instanceId, says.sourceDestCheck);
        followed.has = { ...followed.has, sourceDestCheck: says.sourceDestCheck };
        this.#tell(instanceId, 'check', says.sourceDestCheck ? 'on' : 'off');
      } else if (change === 'tags') {
        await lab.setMetadataTags(instanceId, says.metadataTags);
        followed.has = { ...followed.has, metadataTags: says.metadataTags };
        this.#tell(instanceId, 'tags');
      } else if (!followed.busy) {
        // Shutting down takes time; other instances go on meanwhile.
        followed.busy = true;
        void this.#switch(followed, says)
          .catch((error: unknown) => this.#fail(error))
          .finally(() => {
            followed.busy = false;
          });
      }
    }
    return followed?.busy ?? false;
  }

  async #launch(instance: Instance, says: InstanceState): Promise<void> {
    const described = await describeInstance(this.#client, instance);
    const vm = await this.#o.lab.launch(labInstance(described));
    this.#followed.set(says.instanceId, { vm, privateIp: described.privateIp, has: says, busy: false });
    await vm.start();
    this.#o.endpoint.showConsole?.(says.instanceId, vm.console);
    this.#tell(says.instanceId, 'launched', described.privateIp);
  }

  /** Shuts down cleanly, as EC2 does, reads new user-data while off, and starts again if needed. */
  async #switch(followed: Followed, says: InstanceState): Promise<void> {
    const { vm } = followed;
    const { instanceId, instanceType } = says;
    if (vm.alive) {
      const orderly = await vm.powerOff();
      this.#tell(instanceId, 'stopped', orderly ? 'in order' : 'by cutting the power');
    }
    if (this.#ending.signal.aborted || followed.has.power === 'gone') return;
    if (says.power === 'on') {
      await this.#o.lab.setUserData(instanceId, await readUserData(this.#client, instanceId));
      if (instanceType !== followed.has.instanceType) await this.#o.lab.setInstanceType(instanceId, instanceType);
      vm.instanceType = instanceType;
      await vm.start();
      this.#tell(instanceId, 'started');
    }
    const { power, started } = says;
    followed.has = { ...followed.has, power, started, instanceType };
  }

  async #terminate(instanceId: string): Promise<void> {
    const followed = this.#followed.get(instanceId);
    if (!followed || followed.has.power === 'gone') return;
    followed.has = { ...followed.has, power: 'gone' };
    await followed.vm.hardOff();
    await this.#o.lab.terminate(instanceId);
    if (this.#address?.instanceId === instanceId) this.#address = undefined;
    this.#tell(instanceId, 'terminated');
  }

  /** Runs after the instances: the address may belong to one that was launched since the last poll. */
  async #adjustAddress(publicIp: string | undefined, instanceId: string | undefined): Promise<void> {
    const { lab } = this.#o;
    const is = this.#address;
    const alive = this.#alive();
    if (publicIp && instanceId && alive.includes(instanceId)) {
      if (is?.publicIp === publicIp && is.instanceId === instanceId) return;
      await lab.associateAddress(instanceId, publicIp);
      this.#address = { publicIp, instanceId };
      this.#tell(instanceId, 'address', publicIp);
    } else if (is && !instanceId) {
      await lab.disassociateAddress(is.publicIp);
      this.#address = undefined;
      this.#tell(is.instanceId, 'no address', is.publicIp);
    }
  }

  /** Reads all groups in one call: asking by id for one that is being deleted would be an error. */
  async #securityGroups(): Promise<ReadonlyMap<string, SecurityGroupRules>> {
    const { SecurityGroups = [] } = await this.#client.send(new DescribeSecurityGroupsCommand({}));
    return new Map(SecurityGroups.map((group) => [group.GroupId ?? '', groupRules(group)]));
  }

  #alive(): string[] {
    return this.ids.filter((id) => this.#followed.get(id)?.has.power !== 'gone');
  }

  #tell(instanceId: string, what: InstanceEvent['what'], detail?: string): void {
    const event = { time: new Date(), instanceId, what, ...(detail === undefined ? {} : { detail }) };
    this.#events.push(event);
    this.#o.onEvent?.(event);
  }

  /** Failures while the run ends are not findings. */
  #fail(error: unknown): void {
    if (this.#ending.signal.aborted || this.#error !== undefined) return;
    const why = error instanceof Error ? error.message : String(error);
    this.#error = new Error(`the lab cannot follow the instances of ${this.#o.stack}: ${why}`, { cause: error });
    this.#failed(this.#error);
    this.#ending.abort();
  }

  #throwIfFailed(): void {
    if (this.#error !== undefined) throw this.#error;
  }
}

function stateOf(instance: Instance, groups: ReadonlyMap<string, SecurityGroupRules>): InstanceState {
  const own = (instance.SecurityGroups ?? []).flatMap(({ GroupId }) => groups.get(GroupId ?? '') ?? []);
  return {
    instanceId: required(instance.InstanceId, 'instance id'),
    power: powerOf(instance),
    started: required(instance.LaunchTime, 'launch time').getTime(),
    instanceType: required(instance.InstanceType, 'instance type'),
    sourceDestCheck: instance.SourceDestCheck ?? true,
    rules: securityRules(own),
    metadataTags: metadataTags(instance),
  };
}
