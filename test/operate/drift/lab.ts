import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address, DescribeInstancesResult, EC2Client, Instance } from '@aws-sdk/client-ec2';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { App } from 'aws-cdk-lib';
import { Forward } from '../../../lib/forward/forward';
import { allInstances, stackAddress } from '../../../lib/operate/instance';
import { type Promised, readPromised } from '../../../lib/operate/promised';
import { type Verified, verify } from '../../../lib/operate/verified';
import { PortwayStack } from '../../../lib/portway-stack';
import { BOOTSTRAP, cdk } from '../../../rehearsal/src/aws/cdk';
import { ec2Client, formationClient, ssmClient } from '../../../rehearsal/src/aws/client';
import { type StartedEndpoint, startEndpoint } from '../../../rehearsal/src/aws/endpoint';
import { reportAll } from '../../../rehearsal/test/support/report-all';
import { PUBLIC_KEY } from '../../snapshots/canonical';
import { featureFlags } from '../../snapshots/synthesize';
import { alterAnswers, line } from '../told';

/** A kind of drift, and the line that tells it. */
export interface Drift {
  /** Does it. Returns how to undo it. */
  readonly by: (lab: DriftLab) => Promise<() => Promise<unknown>>;
  readonly found: RegExp;
}

export type Drifts = Readonly<Record<string, Drift>>;

/** A gateway that is deployed to the local endpoint. Its host is not booted; the console has what one says. */
export class DriftLab {
  /** Changes what the clients of a look are told. */
  alterAnswer: (client: EC2Client) => void = () => undefined;

  private constructor(
    private readonly folder: string,
    private readonly endpoint: StartedEndpoint,
    readonly ec2: EC2Client,
    readonly ssm: SSMClient,
    readonly promised: Promised,
    readonly address: Address,
    readonly host: Instance,
  ) {}

  static async start(): Promise<DriftLab> {
    const folder = await mkdtemp(join(tmpdir(), 'portway-drift-'));
    const endpoint = await startEndpoint({ folder });
    const [ec2, ssm] = [ec2Client(endpoint), ssmClient(endpoint)];
    const outdir = join(folder, 'app');
    const app = new App({ outdir, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
    new PortwayStack(app, 'Portway', {
      ...{ adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY, engine: 'iptables', ipv6: true },
      forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) },
    });
    app.synth();
    await cdk(BOOTSTRAP, { endpoint, folder, log: join(folder, 'bootstrap.log'), app: outdir }).finished;
    const args = ['deploy', 'Portway', '--require-approval', 'never'];
    const { finished } = cdk(args, { endpoint, folder, log: join(folder, 'cdk.log'), app: outdir });
    await reportAll(endpoint, 'Portway', join(outdir, 'Portway.template.json'), finished);
    const [promised] = (await readPromised(outdir, undefined)) as [Promised];
    const address = (await stackAddress(ec2, 'Portway')) as Address;
    const host = (await allInstances(ec2)).find((one) => one.InstanceId === address.InstanceId) as Instance;
    const booted = [
      `content ${'fedcba9876543210'.repeat(4)}`,
      'forwards are up',
      `content ${promised.files}`,
      'forwards are up',
    ];
    const lines = booted.map((text) => `${line(0, text, 'cloud-init[260]')}\r\n`);
    await writeFile(join(folder, 'console.log'), lines.join(''));
    endpoint.showConsole(host.InstanceId ?? '', join(folder, 'console.log'));
    return new DriftLab(folder, endpoint, ec2, ssm, promised, address, host);
  }

  async stop(): Promise<void> {
    this.ec2.destroy();
    this.ssm.destroy();
    await this.endpoint.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** What `portway verify` finds without a look from here. */
  async look(): Promise<Verified> {
    const [ec2, ssm, formation] = [ec2Client(this.endpoint), ssmClient(this.endpoint), formationClient(this.endpoint)];
    for (const one of [ec2, formation]) this.alterAnswer(one as EC2Client);
    try {
      return await verify(this.promised, { ec2, ssm, formation }, false);
    } finally {
      for (const one of [ec2, ssm, formation]) one.destroy();
    }
  }

  /** Adds lines to the host's console. Returns how to take them away. @param at seconds from now, of each; default: well after its proof */
  async say(lines: readonly string[], at: readonly number[] = []): Promise<() => Promise<unknown>> {
    const [before, after] = [join(this.folder, 'console.log'), join(this.folder, 'console-more.log')];
    const own = lines.map((text, i) => `${line(at[i] ?? 120, text)}\r\n`);
    await writeFile(after, [await readFile(before, 'utf8'), ...own].join(''));
    this.endpoint.showConsole(this.id, after);
    return async () => this.endpoint.showConsole(this.id, before);
  }

  get id(): string {
    return this.host.InstanceId ?? '';
  }

  get group(): string {
    return this.host.SecurityGroups?.[0]?.GroupId ?? '';
  }
}

/**
 * Drift that the local endpoint has no action for: an answer of its API is changed on its way.
 * @param command such as `DescribeInstancesCommand`
 */
export function answered<T>(command: string, alter: (output: T, lab: DriftLab) => void): Drift['by'] {
  return async (lab) => {
    lab.alterAnswer = (one) => alterAnswers<T>(one, command, (output) => alter(output, lab));
    return async () => {
      lab.alterAnswer = () => undefined;
    };
  };
}

export const ofHost = (alter: (host: Instance, lab: DriftLab) => void): Drift['by'] =>
  answered<DescribeInstancesResult>('DescribeInstancesCommand', ({ Reservations = [] }, lab) => {
    for (const one of Reservations.flatMap(({ Instances = [] }) => Instances))
      if (one.InstanceId === lab.id) alter(one, lab);
  });
