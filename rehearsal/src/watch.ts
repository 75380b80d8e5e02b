import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Watch, WatchResult } from './case';
import type { Cleanup } from './cleanup';
import type { Namespaces } from './network/namespaces';
import type { Party } from './network/topology';
import { startDaemon } from './services/daemon';
import { PYTHON } from './services/services';

export interface WatchOptions {
  readonly namespaces: Namespaces;
  readonly cleanup: Cleanup;
  /** Where its errors are logged. */
  readonly folder: string;
  readonly party: Party;
  readonly url: string;
  /** Requests a second. Default: 20. */
  readonly rate?: number;
}

/** Starts asking a URL at a steady pace, from a process of its own (services/watch.py): a busy Node would miss its turns. */
export function watch({ namespaces, cleanup, folder, party, url, rate = 20 }: WatchOptions): Watch {
  const log = join(folder, 'watch.log');
  const program = [PYTHON, join(__dirname, 'services/watch.py'), url, '--rate', `${rate}`];
  const { child } = startDaemon(`watch of ${url}`, [...namespaces.enter(party), ...program], cleanup, {
    log,
    pipes: true,
  });
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new Error(`the watch of ${url} could not be started, see ${log}`);
  const said = text(stdout);
  let result: Promise<WatchResult> | undefined;
  return {
    stop: () => {
      result ??= (async () => {
        stdin.end();
        const answer = await said;
        if (answer === '') throw new Error(`the watch of ${url} ended before its time, see ${log}`);
        return JSON.parse(answer) as WatchResult;
      })();
      return result;
    },
  };
}
