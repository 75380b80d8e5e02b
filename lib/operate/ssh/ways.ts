import type { PlannedLogin } from '../../plan/plan';

/** A host, and how people log in to it. Without a key only Session Manager lets anybody in, as `ssm-user`. */
export interface SshTarget extends PlannedLogin {
  /** The public address of the host. */
  readonly address: string;
  readonly instanceId: string;
  /** Undefined: that of the AWS settings. */
  readonly region?: string | undefined;
}

/** The words of a command, of which the first is the program. */
export type Words = readonly string[];

/**
 * The command that logs in.
 * @param options more options of ssh, such as `['-i', 'key']`
 */
export function loginWords(target: SshTarget, options: Words = []): Words {
  const { way, user, address, instanceId, hasKey } = target;
  if (way === 'session-manager' && !hasKey)
    return ['aws', 'ssm', 'start-session', '--target', instanceId, ...inRegion(target)];
  const proxy = proxyOf(target);
  const host = proxy === undefined ? address : instanceId;
  return [
    'ssh',
    ...(proxy === undefined ? [] : ['-o', `ProxyCommand=${proxy.join(' ')}`]),
    ...options,
    `${user}@${host}`,
  ];
}

/** What ssh runs in the place of a connection of its own; it puts the instance's id for %h. Undefined: it connects by itself. */
function proxyOf(target: SshTarget): Words | undefined {
  const { way } = target;
  if (way === 'direct') return undefined;
  const words =
    way === 'endpoint'
      ? ['aws', 'ec2-instance-connect', 'open-tunnel', '--instance-id', '%h']
      : [
          ...['aws', 'ssm', 'start-session', '--target', '%h'],
          ...['--document-name', 'AWS-StartSSHSession', '--parameters', 'portNumber=%p'],
        ];
  return [...words, ...inRegion(target)];
}

function inRegion({ region }: SshTarget): Words {
  return region === undefined ? [] : ['--region', region];
}

/** The command as an output of the stack, whose address and id are known only at deploy time. */
export function outputLine(target: SshTarget): string {
  const token = { address: 'ADDRESS', instanceId: 'INSTANCE' };
  return shellLine(loginWords({ ...target, ...token }))
    .replace(token.address, target.address)
    .replace(token.instanceId, target.instanceId);
}

/** A command as a shell takes it. */
export function shellLine(words: Words): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
