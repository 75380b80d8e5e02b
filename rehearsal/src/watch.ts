import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Hold, HoldResult, Watch, WatchResult } from './case';
import type { Cleanup } from './cleanup';
import type { Namespaces } from './network/namespaces';
import type { Party } from './network/topology';
import { startDaemon } from './services/daemon';
import { PYTHON } from './services/services';

export interface AskerOptions {
  readonly namespaces: Namespaces;
  readonly cleanup: Cleanup;
  /** Where its errors are logged. */
  readonly folder: string;
  readonly party: Party;
}

export interface WatchOptions extends AskerOptions {
  readonly url: string;
  /** Requests a second. Default: 20. */
  readonly rate?: number;
}

export interface HoldOptions extends AskerOptions {
  readonly address: string;
  readonly port: number;
}

/** Asks a URL at a steady rate (services/watch.py). */
export function watch({ url, rate = 20, ...options }: WatchOptions): Watch {
  return asker<WatchResult>(`watch of ${url}`, ['watch.py', url, '--rate', `${rate}`], options);
}

/** Opens one TCP connection, and asks over it at a steady rate (services/hold.py). */
export function hold({ address, port, ...options }: HoldOptions): Hold {
  return asker<HoldResult>(`connection to ${address}:${port}`, ['hold.py', address, `${port}`], options);
}

/**
 * A process of its own asks, since a busy Node would miss its turns. It ends when its input closes, and reports its
 * findings as JSON.
 */
function asker<T>(
  name: string,
  [program, ...args]: [string, ...string[]],
  { namespaces, cleanup, folder, party }: AskerOptions,
): { stop(): Promise<T> } {
  const log = join(folder, 'watch.log');
  const command = [PYTHON, join(__dirname, 'services', program), ...args];
  const { child } = startDaemon(name, [...namespaces.enter(party), ...command], cleanup, { log, pipes: true });
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new Error(`the ${name} could not be started, see ${log}`);
  const said = text(stdout);
  let result: Promise<T> | undefined;
  return {
    stop: () => {
      result ??= (async () => {
        stdin.end();
        const answer = await said;
        if (answer === '') throw new Error(`the ${name} ended before its time, see ${log}`);
        return JSON.parse(answer) as T;
      })();
      return result;
    },
  };
}
