import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from './host';

let number = 0;

/**
 * Runs clients of support/ while `happens` runs, and a second before and after it. The last argument of each is the file
 * that ends it. Returns the last line that each printed, or its errors.
 */
export async function during(
  host: Host,
  happens: () => Promise<void>,
  ...clients: (readonly (string | number)[])[]
): Promise<readonly string[]> {
  const stop = `/tmp/portway-stop-${process.pid}-during-${++number}`;
  const running = clients.map(([script, ...words]) =>
    host.run('client', ['python3', host.support('client', `${script}`), ...words.map(String), stop]),
  );
  let said: Awaited<(typeof running)[number]>[];
  try {
    await sleep(1000);
    await happens();
    await sleep(1000);
  } finally {
    // Also when it failed: another file of tests in this process counts its runs from the beginning.
    await host.sh('client', `touch ${stop}`);
    said = await Promise.all(running);
    await host.sh('client', `rm ${stop}`);
  }
  return said.map(({ stdout, stderr }) => stdout.trim().split('\n').at(-1) || stderr);
}
