import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeInstanceAttributeCommand, DescribeInstancesCommand, type EC2Client } from '@aws-sdk/client-ec2';
import { GetParametersCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { ec2Client, ssmClient } from '../../src/aws/client';
import type { StartedEndpoint } from '../../src/aws/endpoint';
import { lifecycleStates } from '../../src/aws/group';
import { signalResource } from './signal-resource';

export interface FleetHost {
  readonly id: string;
  readonly type: string;
  readonly subnet: string;
  readonly launched: number;
}

/** What a host does with the content that its pointer names: it reports this, or nothing. */
export type Behaviour = (host: FleetHost, what: 'boot' | 'change') => 'SUCCESS' | 'FAILURE' | undefined;

/**
 * Stands for the programs of a fleet's hosts: reads what each host's user-data and pointer say, and reports as the host does,
 * again until it is accepted. A content that was reported is not reported again, unless there was another one meanwhile.
 */
export class FleetHosts {
  /** Accepted reports: the host, the resource and the status. */
  readonly reports: (readonly [host: string, resource: string, status: string])[] = [];
  private readonly ec2: EC2Client;
  private readonly ssm: SSMClient;
  private readonly done = new Map<string, string>();
  /** The condition that each host's pointer named last. */
  private readonly live = new Map<string, string>();
  private behaviour: Behaviour = () => 'SUCCESS';
  private stopped = false;
  private running: Promise<void> | undefined;

  constructor(
    private readonly endpoint: StartedEndpoint,
    private readonly stack: string,
  ) {
    this.ec2 = ec2Client(endpoint);
    this.ssm = ssmClient(endpoint);
  }

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
    this.ec2.destroy();
    this.ssm.destroy();
  }

  /** From now on. */
  behave(behaviour: Behaviour): void {
    this.behaviour = behaviour;
  }

  /** The hosts in service, the oldest first. */
  async all(): Promise<readonly FleetHost[]> {
    const { Reservations = [] } = await this.ec2.send(new DescribeInstancesCommand({}));
    const states = await lifecycleStates(this.endpoint);
    return Reservations.flatMap(({ Instances = [] }) => Instances)
      .filter(({ InstanceId = '' }) => states.get(InstanceId) === 'InService')
      .map(({ InstanceId = '', InstanceType = '', SubnetId = '', LaunchTime }) => ({
        ...{ id: InstanceId, type: InstanceType, subnet: SubnetId, launched: LaunchTime?.getTime() ?? 0 },
      }));
  }

  /** User-data of a host: its pointer's name, and where it reports its boot. */
  async userData(id: string): Promise<{ readonly pointer: string; readonly stack: string; readonly group: string }> {
    const { UserData } = await this.ec2.send(
      new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute: 'userData' }),
    );
    const text = Buffer.from(UserData?.Value ?? '', 'base64').toString();
    const [, pointer = ''] = /^PORTWAY_POINTER='(.*)'$/m.exec(text) ?? [];
    const [, stack = '', group = ''] = /^PORTWAY_SIGNAL_URL='group:\/\/(.*)\/(.*)'$/m.exec(text) ?? [];
    return { pointer, stack, group };
  }

  /** What the host's pointer says: the content, and the condition that waits for it. Undefined: there is no such pointer. */
  async pointer(id: string): Promise<{ readonly content: string; readonly live: string } | undefined> {
    const { pointer } = await this.userData(id);
    const { Parameters = [] } = await this.ssm.send(new GetParametersCommand({ Names: [pointer] }));
    const [first = ''] = (Parameters[0]?.Value ?? '').split('\n');
    return first === '' ? undefined : JSON.parse(first);
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      for (const host of await this.all()) await this.report(host);
      await sleep(50);
    }
  }

  private async report(host: FleetHost): Promise<void> {
    const { group } = await this.userData(host.id);
    const named = await this.pointer(host.id);
    if (named === undefined) return;
    const isBoot = !this.done.has(`${host.id} ${group}`);
    const status = this.behaviour(host, isBoot ? 'boot' : 'change');
    if (status === undefined) return;
    if (isBoot) await this.tell(host, group, status, host.id);
    const last = this.live.get(host.id);
    if (last !== undefined && last !== named.live) this.done.delete(`${host.id} ${named.live}`);
    this.live.set(host.id, named.live);
    await this.tell(host, named.live, status, status === 'SUCCESS' ? host.id : `${host.id} iptables refused COMMIT`);
  }

  private async tell(
    host: FleetHost,
    resource: string,
    status: 'SUCCESS' | 'FAILURE',
    uniqueId: string,
  ): Promise<void> {
    const key = `${host.id} ${resource}`;
    if (this.done.get(key) === status) return;
    const { status: code } = await signalResource(this.endpoint, { stack: this.stack, resource, status, uniqueId });
    if (code !== 200) return;
    this.done.set(key, status);
    this.reports.push([host.id, resource, status]);
  }
}
