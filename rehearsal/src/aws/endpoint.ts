import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { ensurePython, type PythonEnvironment } from './python';
import { clientEnvironment, endpointEnvironment } from './settings';

/** Scheme and host of the URLs that hosts signal to. The lab's DNS resolves this name. */
export const SIGNAL_HOST = 'http://cloudformation-waitcondition.rehearsal.internal';

/** Seven minutes of a host that leaves a fleet are 42 seconds: time enough to see what becomes of its connections. */
export const HASTE = 10;

/** An AWS endpoint for the CDK CLI and the SDK. */
export interface Endpoint {
  /** For example `http://127.0.0.1:41234`. */
  readonly url: string;
  /** The whole environment for the CDK CLI and SDK clients, without any of the user's AWS settings. */
  readonly env: NodeJS.ProcessEnv;
  /**
   * Unix socket that takes the hosts' signals (HTTP; bytes must be passed on unchanged). Undefined for a user's
   * endpoint.
   */
  readonly signalSocket: string | undefined;
  /** Unix socket that takes hosts' calls to AWS services, as `url` does. Undefined for a user's endpoint. */
  readonly apiSocket: string | undefined;
  /**
   * Expires the URLs that hosts report to, as after a day: those made so far are refused. Undefined for a user's
   * endpoint.
   */
  readonly nextDay: (() => void) | undefined;
  /**
   * Delays changed parameters by this many seconds, as AWS may for a moment. 0: no delay. Undefined for a user's
   * endpoint.
   */
  readonly lateParameters: ((seconds: number) => void) | undefined;
  /** Names the file whose text is that of an instance's console. Undefined for a user's endpoint. */
  readonly showConsole: ((instanceId: string, path: string) => void) | undefined;
  /** Stops it. May be called twice. Does nothing to a user's endpoint. */
  stop(): Promise<void>;
}

export interface StartedEndpoint extends Endpoint {
  readonly signalSocket: string;
  readonly apiSocket: string;
  /** Process id of the endpoint. */
  readonly pid: number;
  readonly nextDay: () => void;
  readonly lateParameters: (seconds: number) => void;
  readonly showConsole: (instanceId: string, path: string) => void;
  /** Lets a zone have no more hosts of these types for Auto Scaling groups, and of all others again. */
  readonly beShort: (zone: string, types: readonly string[]) => void;
}

export interface StartOptions {
  /** The run's own folder: socket, log and the CLI's home go there. */
  readonly folder: string;
  /** Scheme and host of the signal URLs. Default: {@link SIGNAL_HOST}. */
  readonly signalHost?: string;
  /** How many times faster than on AWS a group's hosts leave: draining, then the lifecycle hook. Default: {@link HASTE}. */
  readonly haste?: number;
  /** The Python environment. Default: made from requirements.txt beside this file. */
  readonly python?: PythonEnvironment;
}

/** The endpoint's Python environment. startEndpoint calls this; it is exported so that set-up can show its progress. */
export function endpointPython(onInstall?: (folder: string) => void): Promise<PythonEnvironment> {
  const requirements = join(__dirname, 'requirements.txt');
  return ensurePython({ name: 'aws-endpoint', requirements, ...(onInstall ? { onInstall } : {}) });
}

// The path of a unix socket holds 108 bytes with the closing zero (man 7 unix).
const SOCKET_PATH_LIMIT = 107;

/**
 * Starts the local AWS endpoint on a free port of 127.0.0.1. It keeps everything in memory, serves only this run, and
 * ends with stop() or with this process, however that ends. Log: `<folder>/endpoint.log`.
 * @throws Error if the folder's path is too long for a socket, or if the endpoint does not start (with its last lines)
 */
export async function startEndpoint(options: StartOptions): Promise<StartedEndpoint> {
  const folder = resolve(options.folder);
  const signalSocket = join(folder, 'signal.sock');
  // Shorter than the other path, whose length was checked.
  const apiSocket = join(folder, 'api.sock');
  if (Buffer.byteLength(signalSocket) > SOCKET_PATH_LIMIT) {
    throw new Error(
      `the run's folder must leave room for a socket: ${signalSocket} has ${Buffer.byteLength(signalSocket)} bytes, ` +
        `at most ${SOCKET_PATH_LIMIT} are allowed. Choose a shorter folder.`,
    );
  }
  const python = options.python ?? (await endpointPython());
  await mkdir(folder, { recursive: true });
  const logPath = join(folder, 'endpoint.log');
  const log = openSync(logPath, 'a');
  const serve = join(__dirname, 'ministack', 'serve.py');
  const sockets = ['--socket', signalSocket, '--api-socket', apiSocket];
  const { signalHost = SIGNAL_HOST, haste = HASTE } = options;
  const args = ['-E', '-s', '-B', serve, ...sockets, '--signal-host', signalHost, '--haste', `${haste}`];
  // Node's own spawn: nano-spawn always adds the user's environment, which must not get in here.
  const child = spawn(python.python, args, {
    env: endpointEnvironment(folder),
    stdio: ['pipe', 'pipe', log],
    // In a session of its own: Ctrl-C in the terminal must not end it before the cleanup, which needs it.
    detached: true,
  });
  closeSync(log);
  const ended = once(child, 'close').catch(() => undefined);
  const port = await Promise.race([firstPort(child.stdout), ended.then(() => undefined)]);
  if (port === undefined || child.pid === undefined) {
    const text = await readFile(logPath, 'utf8');
    throw new Error(
      `the local AWS endpoint did not start: ${text.trim().split('\n').slice(-3).join(' ')} (log: ${logPath})`,
    );
  }
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    env: clientEnvironment(url, folder),
    signalSocket,
    apiSocket,
    pid: child.pid,
    nextDay: () => child.stdin?.write('next day\n'),
    lateParameters: (seconds) => child.stdin?.write(`parameters late ${seconds}\n`),
    showConsole: (instanceId, path) => child.stdin?.write(`console ${instanceId} ${path}\n`),
    beShort: (zone, types) => child.stdin?.write(`short ${[zone, ...types].join(' ')}\n`),
    async stop() {
      // It ends when its standard input closes. The signal is in case it hangs.
      child.stdin?.end();
      const late = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(late);
      for (const socket of [signalSocket, apiSocket]) await rm(socket, { force: true });
    },
  };
}

/** The port, which the endpoint prints on its first line when it listens. */
async function firstPort(stream: NodeJS.ReadableStream | null): Promise<number | undefined> {
  if (stream === null) return undefined;
  for await (const line of createInterface({ input: stream })) return (JSON.parse(line) as { port: number }).port;
  return undefined;
}

/**
 * An endpoint that the user runs. Its hosts' signals do not pass through the lab's socket, so it decides itself whether
 * a deploy waits. `folder` is the CLI's home.
 * @throws Error if the URL is neither http nor https, or is an address of AWS itself
 */
export function useEndpoint(url: string, folder: string): Endpoint {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !['http:', 'https:'].includes(parsed.protocol)) {
    throw new Error(`--endpoint must be an http or https URL such as http://127.0.0.1:4566, got: ${url}`);
  }
  if (/(^|\.)(amazonaws\.com(\.cn)?|aws|api\.aws)$/i.test(parsed.hostname)) {
    throw new Error(`--endpoint must be a local emulator: a rehearsal never deploys to AWS, got: ${url}`);
  }
  return {
    url: parsed.href.replace(/\/$/, ''),
    env: clientEnvironment(parsed.href.replace(/\/$/, ''), resolve(folder)),
    signalSocket: undefined,
    apiSocket: undefined,
    nextDay: undefined,
    lateParameters: undefined,
    showConsole: undefined,
    stop: async () => {},
  };
}
