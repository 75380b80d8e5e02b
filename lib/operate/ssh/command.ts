import type { EC2Client, Instance } from '@aws-sdk/client-ec2';
import { NO_ANSWER } from '../../plan/no-answer';
import type { SynthesizeOptions } from '../../plan/synthesize';
import { withApp } from '../../plan/with-app';
import { withClients } from '../clients';
import { logicalId, stackInstances, stemOf } from '../instance';
import { type Promised, readPromised } from '../promised';
import { run } from './run';
import { loginWords, type SshTarget, shellLine, type Words } from './ways';

export interface SshOptions extends SynthesizeOptions {
  /** A stack's name, or a gateway's path. Default: the app's only stack with gateways. */
  readonly stack?: string | undefined;
  /** What to run on the host, in the words of its shell. Empty: a shell. */
  readonly command: Words;
  /** The file of the private key. Default: as ssh chooses. */
  readonly identity?: string | undefined;
  /** Prints the command, and connects to nothing. */
  readonly print?: boolean;
}

/** `portway ssh`. @returns the exit code: that of the command on the host, 255 if ssh did not connect, 2 if there is no host */
export async function sshCommand(options: SshOptions): Promise<number> {
  let words: Words = [];
  // The synthesized app is removed before a session that may last for hours.
  const code = await withApp(options, async (assembly) => {
    const [promised, ...more] = await readPromised(assembly, options.stack);
    if (promised === undefined || more.length > 0)
      throw new Error(
        `a gateway must be named by its path: ${[promised, ...more].map((one) => one?.path).join(' or ')}`,
      );
    const target = await withClients(promised.region, ({ ec2 }) => findHost(ec2, promised));
    words = wordsOf(target, options);
    return 0;
  });
  if (code === NO_ANSWER) return code;
  if (!options.print) return run(words);
  process.stdout.write(`${shellLine(words)}\n`);
  return 0;
}

/** @throws Error if the host lets nobody in this way */
export function wordsOf(target: SshTarget, { command, identity }: Pick<SshOptions, 'command' | 'identity'>): Words {
  const { way, hasKey, instanceId } = target;
  if (!hasKey && way !== 'session-manager')
    throw new Error(`${instanceId} takes no key, so nobody can log in: give keyPairName or sshPublicKey`);
  if (!hasKey && (command.length > 0 || identity !== undefined))
    throw new Error(
      `${instanceId} takes no key, so there is only a session by hand: leave the command and --identity out, or give keyPairName or sshPublicKey`,
    );
  if (!hasKey) return loginWords(target);
  // A host that was replaced has another key at the same address, and must not look like an attack.
  const known = ['-o', `HostKeyAlias=${instanceId}`];
  return [...loginWords(target, [...known, ...(identity === undefined ? [] : ['-i', identity])]), ...command];
}

/** The newest running host: while a host is replaced, that is the one without the address yet. */
async function findHost(
  client: EC2Client,
  { path, stackName, region, instanceId, login }: Promised,
): Promise<SshTarget> {
  const own = (await stackInstances(client, stackName)).filter(
    (one) => stemOf(logicalId(one) ?? instanceId) === stemOf(instanceId) && one.State?.Name !== 'terminated',
  );
  const [host] = own.filter((one) => one.State?.Name === 'running').toSorted((a, b) => launchedAt(b) - launchedAt(a));
  if (host?.InstanceId === undefined)
    throw new Error(
      `${path} has no running host here${own.map((one) => `; ${one.InstanceId} is ${one.State?.Name}`).join('')}`,
    );
  const address = host.PublicIpAddress;
  if (login.way === 'direct' && address === undefined) throw new Error(`${host.InstanceId} has no public address`);
  return { ...login, address: address ?? '', instanceId: host.InstanceId, region };
}

function launchedAt({ LaunchTime }: Instance): number {
  return LaunchTime?.getTime() ?? 0;
}
