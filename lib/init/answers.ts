import { readFileSync } from 'node:fs';
import type { Engine } from '../forward/forward';

/** What a new app's forwards are made of. */
export interface ForwardAnswers {
  readonly engine: Engine;
  /** A port of the gateway, or host:port. */
  readonly target: string;
  /** Names for a certificate of Let's Encrypt, and the address that it may write to. */
  readonly domains?: readonly string[];
  readonly email?: string;
}

/** The other props of its stack. */
export interface StackAnswers {
  readonly adminCidr: string;
  readonly instanceType?: string;
  readonly sshPublicKey?: string;
}

/** The flags of `portway init`, as they are given. */
export interface InitFlags {
  readonly engine?: Engine;
  readonly target?: string;
  readonly adminCidr?: string;
  readonly instanceType?: string;
  readonly domain?: readonly string[];
  readonly email?: string;
  /** Path of a public key. */
  readonly sshKey?: string;
  /** A file whose forwards are taken, as `portway import` reads it. */
  readonly import?: string;
}

/** Asks a person, who may accept what is offered by an empty line. */
export type Ask = (question: string, offered: string) => Promise<string>;

/** Flags that miss where nobody can be asked, or a key that cannot be read. */
export class InitError extends Error {
  override readonly name = 'InitError';
}

const TARGET = '8080';
/** The default of the prop. */
const INSTANCE_TYPE = 't4g.micro';

/**
 * Answers by a flag, by a person, or by what is offered.
 * @param ask undefined: nobody can be asked
 */
export function answerer(ask: Ask | undefined) {
  return async (flag: string | undefined, question: string, offered: string): Promise<string> =>
    flag ?? (ask === undefined ? offered : (await ask(question, offered)) || offered);
}

export type Answer = ReturnType<typeof answerer>;

export async function forwardAnswers(flags: InitFlags, answer: Answer): Promise<ForwardAnswers> {
  const engine = await answer(flags.engine, 'Engine: nginx (HTTP, HTTPS) or iptables (TCP, UDP)', 'nginx');
  if (engine !== 'nginx' && engine !== 'iptables')
    throw new InitError(`the engine must be nginx or iptables, got: ${engine}`);
  const target = await answer(flags.target, 'Where requests go: a port of the gateway, or host:port', TARGET);
  if (engine === 'iptables') {
    if (flags.domain !== undefined)
      throw new InitError('--domain must be left out on iptables: TLS ends at the target');
    return { engine, target };
  }
  const names = await answer(flags.domain?.join(' '), "Domains for a certificate of Let's Encrypt, or nothing", '');
  const domains = names.split(/[\s,]+/).filter((name) => name !== '');
  if (domains.length === 0) return { engine, target };
  const email = await answer(
    flags.email,
    "Where Let's Encrypt may write to",
    `admin@${domains[0]?.replace(/^www\./, '')}`,
  );
  return { engine, target, domains, email };
}

/**
 * @param offered an admin CIDR that is known already
 * @param key path of the person's own public key, if there is one
 * @throws InitError
 */
export async function stackAnswers(
  flags: InitFlags,
  answer: Answer,
  { offered = '', key = '' }: { readonly offered?: string | undefined; readonly key?: string | undefined },
): Promise<StackAnswers> {
  const adminCidr = await answer(flags.adminCidr, 'Which network may log in by SSH, such as 203.0.113.7/32', offered);
  if (adminCidr === '')
    throw new InitError('--admin-cidr is required: the network that may log in by SSH, such as 203.0.113.7/32');
  const instanceType = await answer(flags.instanceType, 'Instance type', INSTANCE_TYPE);
  const sshKey = await answer(flags.sshKey, 'File of your public SSH key, or nothing', key);
  return {
    adminCidr,
    ...(instanceType === INSTANCE_TYPE ? {} : { instanceType }),
    ...(sshKey === '' ? {} : { sshPublicKey: readKey(sshKey) }),
  };
}

function readKey(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    throw new InitError(`--ssh-key must be a file that can be read, got: ${path}`);
  }
}
