import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Address, EC2Client, Instance } from '@aws-sdk/client-ec2';
import {
  allInstances,
  type DescribedInstance,
  describeInstance,
  ofStack,
  required,
  stackAddress,
} from '../../../lib/operate/instance';
import { ec2Client } from './client';
import type { Endpoint } from './endpoint';

/** The gateway as the EC2 API describes it. */
export interface Deployed extends DescribedInstance {
  /** The Elastic IP, associated or not. */
  readonly publicIp: string;
  /** True once the Elastic IP points at this instance. */
  readonly associated: boolean;
  /** The stack's outputs; empty until the deploy has finished. */
  readonly outputs: Readonly<Record<string, string>>;
}

export interface ReadOptions {
  /** Seconds to wait for the instance and its address. Default: 120. */
  readonly timeout?: number;
  /** The CLI's `--outputs-file`. Default: none, and `outputs` is empty. */
  readonly outputsFile?: string;
  /** Give up at once (for example because the deploy failed). */
  readonly abort?: AbortSignal;
  /** Waits for another instance, or a later start, than this one: for reading a changed stack. */
  readonly after?: Pick<Deployed, 'instanceId' | 'launchTime'>;
}

/**
 * Reads the deployed gateway. A deploy blocks until the host signals, so this waits for instance and Elastic IP and not
 * for the end of the deploy.
 * @throws Error if they do not appear in time; the abort's reason if aborted
 */
export async function readDeployed(
  endpoint: Endpoint,
  stackName: string,
  options: ReadOptions = {},
): Promise<Deployed> {
  const client = ec2Client(endpoint);
  try {
    const { instance, address } = await appear(client, stackName, options);
    return {
      ...(await describeInstance(client, instance)),
      publicIp: required(address.PublicIp, 'public address'),
      associated: address.InstanceId === instance.InstanceId,
      outputs: options.outputsFile ? await readOutputs(options.outputsFile, stackName) : {},
    };
  } finally {
    client.destroy();
  }
}

interface Found {
  readonly instance: Instance;
  readonly address: Address;
}

async function appear(client: EC2Client, stackName: string, options: ReadOptions): Promise<Found> {
  const timeout = options.timeout ?? 120;
  const end = Date.now() + timeout * 1000;
  for (;;) {
    options.abort?.throwIfAborted();
    const instance = (await instances(client, stackName)).find((one) => isNew(one, options.after));
    const address = await stackAddress(client, stackName);
    if (instance !== undefined && address !== undefined) return { instance, address };
    if (Date.now() > end) {
      const missing = instance === undefined ? 'running instance' : 'Elastic IP';
      throw new Error(`stack ${stackName} has no ${missing} after ${timeout} s: look at the deploy's log`);
    }
    // After an abort the next round throws its reason; the timer's error has it only as its cause.
    await sleep(250, undefined, options.abort ? { signal: options.abort } : {}).catch(() => undefined);
  }
}

/** The stack's running instances, the latest start first. During a replacement there are two. */
async function instances(client: EC2Client, stackName: string): Promise<Instance[]> {
  return (await allInstances(client))
    .filter((one) => ofStack(one, stackName) && ['pending', 'running'].includes(one.State?.Name ?? ''))
    .sort((a, b) => started(b) - started(a));
}

function isNew(instance: Instance, after: ReadOptions['after']): boolean {
  return (
    after === undefined || instance.InstanceId !== after.instanceId || started(instance) > after.launchTime.getTime()
  );
}

function started(instance: Instance): number {
  return instance.LaunchTime?.getTime() ?? 0;
}

/**
 * The hash of what the gateway is to run: told in a tag where content changes live, else in its user-data, under another name in
 * that of an earlier Portway.
 */
export function contentOf({ metadataTags, userData }: Pick<Deployed, 'metadataTags' | 'userData'>): string {
  const tag = metadataTags?.['portway:content'];
  return tag ?? /^PORTWAY_(?:POINTER='\S+ |CONTENT=')(\w+)'/m.exec(userData.toString())?.[1] ?? 'no content hash';
}

/** The outputs of a stack from the CLI's `--outputs-file`; empty if the deploy has not written it yet. */
export async function readOutputs(file: string, stackName: string): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  return (JSON.parse(text) as Record<string, Record<string, string>>)[stackName] ?? {};
}
