import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Annotations, App, DefaultStackSynthesizer } from 'aws-cdk-lib';
import spawn, { type SubprocessError } from 'nano-spawn';
import type { StackLogs } from '../../../lib/operate/logs-command';
import { PortwayFleet } from '../../../lib/portway-fleet';
import type { PortwayFleetProps } from '../../../lib/portway-fleet-props';
import { PUBLIC_KEY } from '../../../test/snapshots/canonical';
import { featureFlags } from '../../../test/snapshots/synthesize';
import { SMALL } from '../../../test/support/fleet';
import { targetStates } from '../../src/aws/balancer';
import { BOOTSTRAP, type CdkError, cdk } from '../../src/aws/cdk';
import { type StartedEndpoint, startEndpoint } from '../../src/aws/endpoint';
import { lifecycleStates } from '../../src/aws/group';
import { inventory } from '../../src/aws/inventory';
import { query, values } from '../../src/aws/other-inventory';
import { FleetHosts } from './fleet-hosts';

/** A host has drained after 3 seconds, and ends 1.2 seconds later. */
const HASTE = 100;

export interface RanPortway {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A fleet of the real CLI against the local endpoint. No host is booted: fleet-hosts.ts reads and reports as they do.
 */
export class FleetLab {
  private assemblies = 0;

  private constructor(
    /** Is first on the PATH of {@link portway}. */
    readonly folder: string,
    readonly endpoint: StartedEndpoint,
    readonly hosts: FleetHosts,
  ) {}

  /** An account that is bootstrapped, and empty otherwise. */
  static async start(haste = HASTE): Promise<FleetLab> {
    const folder = await mkdtemp(join(tmpdir(), 'portway-fleet-'));
    const endpoint = await startEndpoint({ folder, haste });
    const lab = new FleetLab(folder, endpoint, new FleetHosts(endpoint, 'Fleet'));
    await lab.cli(BOOTSTRAP, lab.synth()).finished;
    return lab;
  }

  async stop(): Promise<void> {
    await this.hosts.stop();
    await this.endpoint.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  deploy(props: Partial<PortwayFleetProps>): Promise<unknown> {
    return this.cli(['deploy', 'Fleet', '--require-approval', 'never'], this.synth(props)).finished;
  }

  destroy(): Promise<unknown> {
    return this.cli(['destroy', 'Fleet', '--force'], this.synth()).finished;
  }

  /** What `portway logs --json` tells, whatever its exit code. */
  async logs(): Promise<StackLogs> {
    return JSON.parse((await this.portway(['logs', '--json'])).stdout) as StackLogs;
  }

  /** `portway` with these words, in the app that these props make. */
  async portway(words: readonly string[], props: Partial<PortwayFleetProps> = {}): Promise<RanPortway> {
    const [name = '', ...rest] = words;
    const app = `cp -r ${this.synth(props)}/. "$CDK_OUTDIR"`;
    const command = ['bin/portway.js', name, '--app', app, ...rest];
    const env = { ...this.endpoint.env, TMPDIR: this.folder, PATH: `${this.folder}:${process.env.PATH}` };
    const ended = await spawn(process.execPath, command, { env, stdin: 'ignore' }).catch(
      (error: SubprocessError) => error,
    );
    return { code: 'exitCode' in ended ? (ended.exitCode ?? -1) : 0, stdout: ended.stdout, stderr: ended.stderr };
  }

  /** What EC2 shows of a host's console. */
  async showConsole(id: string, lines: readonly string[]): Promise<void> {
    const file = join(this.folder, `${id}.log`);
    await writeFile(file, lines.join('\r\n'));
    this.endpoint.showConsole(id, file);
  }

  /** What a failed deploy shows its user. */
  async refused(props: Partial<PortwayFleetProps>): Promise<string> {
    const error = await this.deploy(props).then(
      () => undefined,
      (failure: CdkError) => failure,
    );
    return error?.lines.join('\n') ?? 'the deploy succeeded';
  }

  elb(action: string, more = {}) {
    return query(this.endpoint, 'elasticloadbalancing', action, '2015-12-01', more);
  }

  scaling(action: string, more = {}) {
    return query(this.endpoint, 'autoscaling', action, '2011-01-01', more);
  }

  /** All that the endpoint has, with what no other inventory tells. */
  async everything(): Promise<string[]> {
    const [others, balancers, groups, hosts] = await Promise.all([
      inventory(this.endpoint),
      this.elb('DescribeLoadBalancers'),
      this.elb('DescribeTargetGroups'),
      this.scaling('DescribeAutoScalingGroups'),
    ]);
    return [
      ...others,
      ...values(balancers, 'LoadBalancerArn'),
      ...values(groups, 'TargetGroupArn'),
      ...values(hosts, 'AutoScalingGroupName'),
    ];
  }

  /** The targets of each listened port: those that get new connections, or those in another state. */
  async targets(state = 'healthy'): Promise<Record<string, readonly string[]>> {
    const groups = await this.elb('DescribeTargetGroups');
    const found: Record<string, readonly string[]> = {};
    for (const TargetGroupArn of values(groups, 'TargetGroupArn')) {
      const states = targetStates(await this.elb('DescribeTargetHealth', { TargetGroupArn }));
      const [port = ''] = values(
        await this.elb('DescribeTargetGroups', { 'TargetGroupArns.member.1': TargetGroupArn }),
        'Port',
      );
      found[port] = [...states].flatMap(([id, is]) => (is === state ? id : [])).toSorted();
    }
    return found;
  }

  /** Waits until no host is on its way out any more. */
  async settled(): Promise<void> {
    while ([...(await lifecycleStates(this.endpoint)).values()].some((state) => state !== 'InService'))
      await sleep(100);
  }

  /** The ids of the hosts in service. */
  async ids(): Promise<readonly string[]> {
    return (await this.hosts.all()).map(({ id }) => id).toSorted();
  }

  /** @returns the folder of the cloud assembly */
  synth(props: Partial<PortwayFleetProps> = {}): string {
    const outdir = join(this.folder, `app-${this.assemblies++}`);
    const app = new App({ outdir, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
    const { keyPairName: _, adminCidr, ...rest } = SMALL;
    const stack = new PortwayFleet(app, 'Fleet', {
      ...{ ...rest, sshPublicKey: PUBLIC_KEY, ...(props.ssh === undefined ? { adminCidr } : {}), ...props },
      synthesizer: new DefaultStackSynthesizer() as never,
    });
    // The target stands for a host that no template here makes.
    for (const { name } of stack.forwards) Annotations.of(stack).acknowledgeWarning(`portway:targetElsewhere-${name}`);
    app.synth();
    return outdir;
  }

  private cli(args: readonly string[], app: string) {
    const { endpoint, folder } = this;
    return cdk(args, { endpoint, folder, log: join(folder, 'cdk.log'), app });
  }
}
