import { NO_ANSWER } from '../../plan/no-answer';
import type { SynthesizeOptions } from '../../plan/synthesize';
import { withApp } from '../../plan/with-app';
import { withClients } from '../clients';
import { chosenHost, type RunningHost, runningHosts } from '../running-hosts';
import { hostsOfOne, type StackHosts } from '../stack-hosts';
import { run } from './run';
import { loginWords, type SshTarget, shellLine, type Words } from './ways';

export interface SshOptions extends SynthesizeOptions {
  /** A stack's name, or a gateway's path. Default: the app's only stack with gateways. */
  readonly stack?: string | undefined;
  /** Which of its hosts: see {@link chosenHost}. */
  readonly host?: string | undefined;
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
    const hosts = await hostsOfOne(assembly, options.stack);
    const running = await withClients(hosts.region, ({ ec2 }) => runningHosts(ec2, hosts));
    words = wordsOf(targetOf(hosts, chosenHost(running, options.host, hosts)), options);
    return 0;
  });
  if (code === NO_ANSWER) return code;
  if (!options.print) return run(words);
  process.stdout.write(`${shellLine(words)}\n`);
  return 0;
}

/**
 * @param options more options of ssh
 * @throws Error if the host lets nobody in this way
 */
export function wordsOf(
  target: SshTarget,
  { command, identity }: Pick<SshOptions, 'command' | 'identity'>,
  options: Words = [],
): Words {
  const { way, hasKey, instanceId } = target;
  if (!hasKey && way !== 'session-manager')
    throw new Error(`${instanceId} takes no key, so nobody can log in: give keyPairName or sshPublicKey`);
  if (!hasKey && (command.length > 0 || identity !== undefined))
    throw new Error(
      `${instanceId} takes no key, so there is only a session by hand: leave the command and --identity out, or give keyPairName or sshPublicKey`,
    );
  if (!hasKey) return loginWords(target);
  // A host that was replaced has another key at the same address, and must not look like an attack.
  const known = [...options, '-o', `HostKeyAlias=${instanceId}`];
  return [...loginWords(target, [...known, ...(identity === undefined ? [] : ['-i', identity])]), ...command];
}

/** How people log in to a host. @throws Error if this way needs an address that it has not */
export function targetOf({ login, region }: StackHosts, { instanceId, address }: RunningHost): SshTarget {
  if (login.way === 'direct' && address === undefined) throw new Error(`${instanceId} has no public address`);
  return { ...login, address: address ?? '', instanceId, region };
}
