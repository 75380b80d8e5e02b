import { setTimeout as sleep } from 'node:timers/promises';
import { EC2Client, GetConsoleOutputCommand, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import type { SynthesizeOptions } from '../plan/synthesize';
import { withApp } from '../plan/with-app';
import { cloudFormation, readStack } from './cloudformation';
import { lastOperation } from './events';
import { type HostWords, hostWords } from './host-words';
import { ofStack, STACK_TAG } from './instance';
import { readPromised } from './promised';

export interface LogsOptions extends SynthesizeOptions {
  /** Default: the app's only stack. */
  readonly stack?: string | undefined;
  /** Goes on until it is interrupted, and shows what is new. */
  readonly follow?: boolean;
}

/** Seconds between two looks of `--follow`. EC2 renews a console's text about every ten seconds. */
const PAUSE = 10;

/** `portway logs`. @returns the exit code: 0 shown, 1 the last operation failed, 2 could not be read */
export function logsCommand(options: LogsOptions): Promise<number> {
  return withApp(options, 2, async (assembly) => {
    const { stackName, region } = await readPromised(assembly, options.stack);
    let seen: readonly string[] = [];
    for (;;) {
      const { lines, hasFailed } = await readLogs(stackName, region);
      const fresh = lines.filter((line) => !seen.includes(line));
      if (fresh.length > 0) process.stdout.write(`${fresh.join('\n')}\n`);
      if (!options.follow) return hasFailed ? 1 : 0;
      seen = lines;
      await sleep(PAUSE * 1000);
    }
  });
}

/** The words of a stack's last operation: its failures first, CloudFormation's and the host's, then the host's lines. */
export async function readLogs(
  stackName: string,
  region: string | undefined,
): Promise<{ readonly lines: readonly string[]; readonly hasFailed: boolean }> {
  const client = await cloudFormation(region);
  const ec2 = new EC2Client(region === undefined ? {} : { region });
  try {
    const stack = await readStack(client, stackName);
    if (stack === undefined) throw new Error(`${stackName} is not deployed here: look at the output of cdk deploy`);
    const operation = await lastOperation(client, stackName);
    const failures = operation?.failures ?? [];
    const hosts = await readHosts(ec2, stackName);
    const ssh = stack.outputs.SshCommand;
    const lines = [
      ...failures.map((failure) => `CloudFormation: ${failure}`),
      ...hosts.flatMap(({ id, words }) => (words?.failure === undefined ? [] : [`${id}: ${words.failure}`])),
      `${stackName} is ${operation?.status ?? stack.status}`,
      ...hosts.flatMap(({ id, state, words }) => [
        `console of ${id} (${state})${words === undefined ? ': EC2 has no text of it yet' : ':'}`,
        ...(words?.lines ?? []).map((line) => `  ${line}`),
      ]),
      ...(ssh === undefined ? [] : [`all of it, on the host: ${ssh} sudo cat /var/log/portway/bootstrap.log`]),
    ];
    return { lines, hasFailed: failures.length > 0 };
  } finally {
    client.destroy();
    ec2.destroy();
  }
}

interface HostLog {
  readonly id: string;
  readonly state: string;
  /** Undefined: EC2 has no text of this console. */
  readonly words: HostWords | undefined;
}

/** The stack's hosts, the newest first; also one that a rollback ended, whose console EC2 keeps for about an hour. */
async function readHosts(client: EC2Client, stackName: string): Promise<readonly HostLog[]> {
  const all = [];
  const Filters = [{ Name: `tag:${STACK_TAG}`, Values: [stackName] }];
  for await (const { Reservations = [] } of paginateDescribeInstances({ client }, { Filters }))
    all.push(...Reservations.flatMap(({ Instances = [] }) => Instances));
  const ours = all
    .filter((one) => ofStack(one, stackName))
    .toSorted((a, b) => (b.LaunchTime?.getTime() ?? 0) - (a.LaunchTime?.getTime() ?? 0));
  return Promise.all(
    ours.slice(0, 2).map(async ({ InstanceId = '', State }): Promise<HostLog> => {
      const text = await consoleOf(client, InstanceId);
      return { id: InstanceId, state: State?.Name ?? 'unknown', words: text === '' ? undefined : hostWords(text) };
    }),
  );
}

async function consoleOf(client: EC2Client, InstanceId: string): Promise<string> {
  // Only types on Nitro have the latest text; others have that of the last boot.
  const answer = await client
    .send(new GetConsoleOutputCommand({ InstanceId, Latest: true }))
    .catch(() => client.send(new GetConsoleOutputCommand({ InstanceId })))
    .catch((error: Error) => {
      if (/InvalidInstanceID/.test(error.name)) return { Output: '' };
      throw error;
    });
  return Buffer.from(answer.Output ?? '', 'base64').toString();
}
