import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { NO_ANSWER } from '../../plan/no-answer';
import type { Words } from './ways';

/** What ssh ends with if it did not connect. */
const NOT_CONNECTED = 255;

/** What a way to log in needs on this machine, and where to get it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  ssh: "the package openssh-client, or your system's own",
  aws: 'the AWS CLI 2.12 or newer, https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html',
  'session-manager-plugin':
    'the plugin of Session Manager, https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html',
};

/**
 * Runs a command that logs in, on this terminal. If it does not connect and AWS said why, one more line says what to do.
 * @returns its exit code
 */
export function run(words: Words): Promise<number> {
  const [program = '', ...args] = words;
  const missing = missingProgram(words);
  if (missing !== undefined) {
    process.stderr.write(`portway: ${missing}\n`);
    return Promise.resolve(NO_ANSWER);
  }
  const child = spawn(program, args, { stdio: ['inherit', 'inherit', 'pipe'], env: process.env });
  // Ctrl-C is for the session.
  const ignore = () => undefined;
  process.on('SIGINT', ignore);
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    process.stderr.write(data);
    // The reason comes before the session, so the first words are enough.
    if (said.length < 10_000) said += data.toString();
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      process.removeListener('SIGINT', ignore);
      const reason = code === 0 ? undefined : reasonOf(said);
      if (reason !== undefined) process.stderr.write(`portway: ${reason}\n`);
      resolve(code ?? NOT_CONNECTED);
    });
  });
}

/** What to install for a command. Undefined: all that it needs is here. */
export function missingProgram(words: Words): string | undefined {
  const missing = neededBy(words).find((name) => !isThere(name));
  return missing === undefined ? undefined : `${missing} must be on this machine: ${PROGRAMS[missing]}`;
}

/** The programs that a command needs, in the order in which they are started. */
function neededBy(words: Words): readonly string[] {
  const text = words.join(' ');
  return Object.keys(PROGRAMS).filter(
    (name) =>
      words[0] === name ||
      (name === 'aws' && text.includes('ProxyCommand=aws ')) ||
      (name === 'session-manager-plugin' && text.includes('ssm start-session')),
  );
}

function isThere(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What to do about an error of the AWS CLI, or of ssh. Undefined: their own words are all there is to say. */
export function reasonOf(said: string): string | undefined {
  const right = /not authorized to perform: ([\w-]+:\w+)/.exec(said)?.[1];
  if (right !== undefined)
    return `AWS refuses it: you need the right ${right} (docs/operations/least-privilege.md#logging-in)`;
  if (/AccessDenied|UnauthorizedOperation/.test(said)) {
    const action = said.includes('start-session') || said.includes('StartSession') ? 'ssm:StartSession' : undefined;
    return `AWS refuses it: you need the right ${action ?? 'ec2-instance-connect:OpenTunnel'} (docs/operations/least-privilege.md#logging-in)`;
  }
  if (/no available instance connect endpoints?/i.test(said))
    return 'the VPC has no endpoint that is ready: deploy the stack, or look with portway verify';
  if (/TargetNotConnected/.test(said))
    return "the host's agent has not reported to Session Manager: it takes a minute or two after the boot";
  if (/Host key verification failed/.test(said))
    return 'the host shows another key than the one that is known for its id: find out why before you forget that (ssh-keygen -R INSTANCE_ID)';
  if (/Permission denied \(publickey/.test(said)) return 'the host takes another key: choose yours with --identity';
  return undefined;
}
