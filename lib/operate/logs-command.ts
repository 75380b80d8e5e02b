import { setTimeout as sleep } from 'node:timers/promises';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { SynthesizeOptions } from '../plan/synthesize';
import { withApp } from '../plan/with-app';
import { withClients } from './clients';
import { readStack } from './cloudformation';
import { consoleOf } from './console';
import { lastOperation } from './events';
import { type HostWords, hostWords } from './host-words';
import { logicalId, stackInstances, stemOf } from './instance';
import { hostsOfStack, type StackHosts } from './stack-hosts';

export interface LogsOptions extends SynthesizeOptions {
  /** A stack's name, or a gateway's path. Default: the app's only stack with gateways. */
  readonly stack?: string | undefined;
  /** Goes on until it is interrupted, and shows what is new. */
  readonly follow?: boolean;
  readonly json?: boolean;
}

/** The words of a stack's last operation, as `portway logs --json` prints them. */
export interface StackLogs {
  /** The stack's name in CloudFormation. */
  readonly stackName: string;
  /** CloudFormation's, such as `UPDATE_ROLLBACK_COMPLETE`. */
  readonly status: string;
  /** CloudFormation's failures in the last operation. Empty: it went well. */
  readonly failures: readonly string[];
  /** The two newest hosts of each gateway, of a fleet all, the newest first. */
  readonly hosts: readonly HostLog[];
  /** The command that logs in. Omitted: the stack has no output for it. */
  readonly ssh?: string;
}

/** Seconds between two looks of `--follow`. EC2 renews a console's text about every ten seconds. */
const PAUSE = 10;

/** `portway logs`. @returns the exit code: 0 shown, 1 the last operation failed, 2 could not be read */
export function logsCommand(options: LogsOptions): Promise<number> {
  return withApp(options, async (assembly) => {
    const gateways = await hostsOfStack(assembly, options.stack);
    const interrupted = options.follow ? interruption() : AbortSignal.abort();
    let seen: readonly string[] = [];
    for (;;) {
      const logs = await readLogs(gateways);
      const code = logs.failures.length > 0 ? 1 : 0;
      if (options.json) {
        process.stdout.write(`${JSON.stringify(logs, null, 2)}\n`);
        return code;
      }
      const lines = logLines(logs);
      const fresh = lines.filter((line) => !seen.includes(line));
      if (fresh.length > 0) process.stdout.write(`${fresh.join('\n')}\n`);
      seen = lines;
      await sleep(PAUSE * 1000, undefined, { signal: interrupted }).catch(() => undefined);
      if (interrupted.aborted) return code;
    }
  });
}

/** Aborted by Ctrl-C, so that the synthesized app is removed before the command ends. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}

type Gateways = readonly StackHosts[];

/** @param gateways gateways of one stack */
function readLogs(gateways: Gateways): Promise<StackLogs> {
  const [{ stackName, region } = { stackName: '', region: undefined }] = gateways;
  return withClients(region, async ({ formation, ec2 }) => {
    const stack = await readStack(formation, stackName);
    if (stack === undefined) throw new Error(`${stackName} is not deployed here: look at the output of cdk deploy`);
    const operation = await lastOperation(formation, stackName);
    const ssh = stack.outputs.SshCommand;
    return {
      stackName,
      status: operation?.status ?? stack.status,
      failures: operation?.failures ?? [],
      hosts: await readHosts(ec2, gateways),
      ...(ssh === undefined ? {} : { ssh }),
    };
  });
}

/** As lines for people: the failures first, CloudFormation's and the hosts', then the hosts' lines. */
function logLines({ stackName, status, failures, hosts, ssh }: StackLogs): readonly string[] {
  return [
    ...failures.map((failure) => `CloudFormation: ${failure}`),
    ...hosts.flatMap(({ id, words }) => (words?.failure === undefined ? [] : [`${id}: ${words.failure}`])),
    `${stackName} is ${status}`,
    ...hosts.flatMap(({ id, state, words }) => [
      `console of ${id} (${state})${words === undefined ? ': EC2 has no text of it yet' : ':'}`,
      ...(words?.lines ?? []).map((line) => `  ${line}`),
    ]),
    ...(ssh === undefined
      ? []
      : [
          `all of it, on the host: ${ssh}${ssh.startsWith('ssh ') ? '' : ', and then'} sudo cat /var/log/portway/bootstrap.log`,
        ]),
  ];
}

export interface HostLog {
  readonly id: string;
  readonly state: string;
  /** Undefined: EC2 has no text of this console. */
  readonly words: HostWords | undefined;
}

/**
 * The newest hosts of each gateway, the newest first; also one that a rollback ended, whose console EC2 keeps for about an
 * hour.
 */
async function readHosts(client: EC2Client, gateways: Gateways): Promise<readonly HostLog[]> {
  const all = (await stackInstances(client, gateways[0]?.stackName ?? '')).toSorted(
    (a, b) => (b.LaunchTime?.getTime() ?? 0) - (a.LaunchTime?.getTime() ?? 0),
  );
  // Those that may run, and as many as a rolled-back change has ended.
  const hosts = gateways.flatMap(({ instanceId, max = 1 }) =>
    all.filter((one) => stemOf(logicalId(one) ?? instanceId) === stemOf(instanceId)).slice(0, max + 1),
  );
  return Promise.all(
    hosts.map(async ({ InstanceId = '', State }): Promise<HostLog> => {
      const text = await consoleOf(client, InstanceId);
      return { id: InstanceId, state: State?.Name ?? 'unknown', words: text === '' ? undefined : hostWords(text) };
    }),
  );
}
