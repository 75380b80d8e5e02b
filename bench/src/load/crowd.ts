import { setTimeout as sleep } from 'node:timers/promises';
import type { Lane } from '../lab/lane';

/** How long a crowd may take to connect, in seconds. */
const LIMIT = 30;

/**
 * Starts a program on the client that opens many connections, and waits until it prints `ready`. @returns a function
 * that ends it
 * @throws Error if it ends earlier, or takes too long
 */
export async function crowd(lane: Lane, command: string): Promise<() => Promise<void>> {
  const said = await lane.sh('client', `setsid ${command} </dev/null >/run/crowd 2>&1 & echo $!`);
  const pid = said.trim();
  const state = `cat /run/crowd; kill -0 ${pid} 2>/dev/null || echo ended`;
  for (let left = LIMIT * 10; ; left--) {
    const output = await lane.sh('client', state);
    if (output.startsWith('ready\n')) break;
    if (left === 0 || /^ended$/m.test(output)) throw new Error(`${command} is not ready: ${output}`);
    await sleep(100);
  }
  return async () => {
    await lane.sh('client', `kill ${pid}; while kill -0 ${pid} 2>/dev/null; do /usr/bin/sleep 0.05; done`);
  };
}
