import { join } from 'node:path';
import spawn, { type SubprocessError } from 'nano-spawn';
import { PYTHON } from '../services/services';
import type { Namespaces } from './namespaces';
import type { Party } from './topology';

/** The answer to an HTTP request. */
export interface HttpAnswer {
  /** HTTP status; 0 if there was no answer, and `error` says why. */
  status: number;
  /** By lower-case name. If a name occurs twice, the last one counts. */
  headers: Record<string, string>;
  body: string;
  /** The body, if it is JSON. */
  json: unknown;
  /** curl's message about what went wrong. */
  error: string | undefined;
}

export interface HttpOptions {
  /** Accept any certificate. Default: false. */
  insecure?: boolean;
  /** Longest time for everything, in seconds. Default: 10. */
  seconds?: number;
  /** Further arguments of curl(1). */
  curl?: string[];
}

export type PortState = 'open' | 'closed' | 'filtered';

/** The result of a command over SSH. */
export interface SshAnswer {
  ok: boolean;
  stdout: string;
  /** ssh's own message if it failed. */
  error: string | undefined;
}

/** Sees the gateway as a party does: each call runs a client in that party's network. */
export class Probe {
  readonly #namespaces: Namespaces;
  readonly #folder: string;

  constructor(namespaces: Namespaces, folder: string) {
    this.#namespaces = namespaces;
    this.#folder = folder;
  }

  /** One HTTP request. Redirects are not followed. A failure counts as an answer with status 0. */
  async http(party: Party, url: string, options: HttpOptions = {}): Promise<HttpAnswer> {
    const command = ['curl', '--silent', '--show-error', '--include', '--max-time', `${options.seconds ?? 10}`];
    if (options.insecure) command.push('--insecure');
    const { stdout, failure } = await this.#attempt(party, [...command, ...(options.curl ?? []), url]);
    const { status, headers, body } = parseResponse(stdout);
    return { status, headers, body, json: parseJson(body), error: failure };
  }

  /** One datagram, sent up to three times. @returns the answer; empty if there was none */
  async datagram(party: Party, address: string, port: number): Promise<string> {
    const script = join(__dirname, '../services/datagram.py');
    const { stdout } = await this.#namespaces.run(party, [PYTHON, script, address, `${port}`]);
    return stdout;
  }

  /** Tries many TCP ports at once. Each has a second to answer. */
  async tcpPorts(party: Party, address: string, ports: readonly number[]): Promise<Map<number, PortState>> {
    const script = join(__dirname, '../services/scan.py');
    const { stdout } = await this.#namespaces.run(party, [PYTHON, script, address, ...ports.map(String)]);
    const states = JSON.parse(stdout) as Record<string, PortState>;
    return new Map(ports.map((port) => [port, states[port] ?? 'filtered']));
  }

  /**
   * Runs a command on the gateway over SSH. The host's key is remembered for the run, so a host that returns with
   * another one fails here.
   *
   * @param key file with the private key
   * @param options.host name that the key is remembered under. Default: the address; two hosts may have the same
   * address one after the other
   */
  async ssh(
    party: Party,
    address: string,
    key: string,
    command: string,
    options: { user?: string; seconds?: number; host?: string } = {},
  ): Promise<SshAnswer> {
    const settings = {
      BatchMode: 'yes',
      ConnectTimeout: 10,
      IdentitiesOnly: 'yes',
      IdentityAgent: 'none',
      StrictHostKeyChecking: 'accept-new',
      UserKnownHostsFile: join(this.#folder, 'known_hosts'),
      GlobalKnownHostsFile: '/dev/null',
      LogLevel: 'ERROR',
      ...(options.host === undefined ? {} : { HostKeyAlias: options.host }),
    };
    const { stdout, failure } = await this.#attempt(
      party,
      // -F none: ignores the user's own settings.
      [
        'ssh',
        '-F',
        'none',
        '-i',
        key,
        ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
      ].concat(`${options.user ?? 'admin'}@${address}`, command),
      (options.seconds ?? 30) * 1000,
    );
    return { ok: failure === undefined, stdout, error: failure };
  }

  async #attempt(
    party: Party,
    command: string[],
    timeout = 0,
  ): Promise<{ stdout: string; failure?: string | undefined }> {
    const [first, ...rest] = [...this.#namespaces.enter(party), ...command];
    try {
      const { stdout } = await spawn(first as string, rest, { stdin: 'ignore', timeout });
      return { stdout };
    } catch (error) {
      const { stdout, stderr, message } = error as SubprocessError;
      return { stdout, failure: stderr.trim() || message };
    }
  }
}

/** Parses the output of `curl --include`: the last block of headers (100 Continue comes before it), then the body. */
export function parseResponse(text: string): Pick<HttpAnswer, 'status' | 'headers' | 'body'> {
  let rest = text;
  let status = 0;
  let headers: Record<string, string> = {};
  for (;;) {
    const head = /^HTTP\/[\d.]+ (\d+)[^\n]*\n((?:[^\r\n]+\r?\n)*)\r?\n?/.exec(rest);
    if (!head) return { status, headers, body: rest };
    status = Number(head[1]);
    headers = Object.fromEntries(
      (head[2] ?? '')
        .split(/\r?\n/)
        .filter((line) => line.includes(':'))
        .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    rest = rest.slice(head[0].length);
    if (status >= 200) return { status, headers, body: rest };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
