import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, LegacyStackSynthesizer } from 'aws-cdk-lib';
import spawn, { type SubprocessError } from 'nano-spawn';
import { Forward } from '../../../../lib/forward/forward';
import { PortwayStack } from '../../../../lib/portway-stack';
import { cdk } from '../../../../rehearsal/src/aws/cdk';
import { type Deployed, readDeployed } from '../../../../rehearsal/src/aws/deployed';
import { type StartedEndpoint, startEndpoint } from '../../../../rehearsal/src/aws/endpoint';
import { report } from '../../../../rehearsal/test/support/report';
import { featureFlags } from '../../../snapshots/synthesize';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A stack with an EC2 Instance Connect Endpoint, deployed by the real CLI to the local endpoint. */
export class DeployedEndpoint {
  private constructor(
    /** Is first on the PATH of {@link portway}. */
    readonly folder: string,
    /** The folder of the cloud assembly. */
    readonly app: string,
    readonly endpoint: StartedEndpoint,
    readonly host: Deployed,
  ) {}

  /** @param key gives the public key that the host takes, in the test's folder */
  static async create(key: (folder: string) => Promise<string>): Promise<DeployedEndpoint> {
    const folder = await mkdtemp(join(tmpdir(), 'portway-ssh-lab-'));
    const endpoint = await startEndpoint({ folder });
    try {
      return await DeployedEndpoint.deploy(folder, endpoint, key);
    } catch (error) {
      // It would outlive the test.
      await endpoint.stop();
      throw error;
    }
  }

  private static async deploy(folder: string, endpoint: StartedEndpoint, key: (folder: string) => Promise<string>) {
    const app = join(folder, 'app');
    const one = new App({ outdir: app, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
    new PortwayStack(one, 'Portway', {
      ...{ ssh: 'endpoint', sshPublicKey: (await key(folder)).trim(), engine: 'iptables', onChange: 'restart' },
      forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) },
      synthesizer: new LegacyStackSynthesizer() as never,
    });
    one.synth();
    const args = ['deploy', 'Portway', '--require-approval', 'never'];
    const { finished } = cdk(args, { endpoint, folder, log: join(folder, 'cdk.log'), app });
    const host = await readDeployed(endpoint, 'Portway');
    await report(endpoint, host, 'SUCCESS');
    await finished;
    return new DeployedEndpoint(folder, app, endpoint, host);
  }

  /** `portway ssh` with these words. */
  async portway(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    const app = `cp -r ${this.app}/. "$CDK_OUTDIR"`;
    const command = ['bin/portway.js', 'ssh', '--app', app, ...words];
    const PATH = `${this.folder}:${process.env.PATH}`;
    try {
      const { stdout, stderr } = await spawn(process.execPath, command, {
        env: { ...this.endpoint.env, TMPDIR: this.folder, PATH, ...env },
        stdin: 'ignore',
      });
      return { code: 0, stdout, stderr };
    } catch (error) {
      const { exitCode = -1, stdout, stderr } = error as SubprocessError;
      return { code: exitCode, stdout, stderr };
    }
  }

  async end(): Promise<void> {
    await this.endpoint.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
