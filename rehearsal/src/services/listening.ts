import type { Namespaces } from '../network/namespaces';

/** Time for a service to listen, in milliseconds. */
const READY_LIMIT_MS = 15_000;

/** Waits until all sockets listen. If a service does not start, its log says why. */
export async function listening(
  namespaces: Namespaces,
  namespace: string,
  sockets: string[],
  folder: string,
): Promise<void> {
  const until = Date.now() + READY_LIMIT_MS;
  for (;;) {
    const { stdout } = await namespaces.run(namespace, [
      'ss',
      '--no-header',
      '--listening',
      '--tcp',
      '--udp',
      '--numeric',
    ]);
    const missing = sockets.filter((socket) => !stdout.includes(` ${socket} `));
    if (missing.length === 0) return;
    if (Date.now() > until) {
      throw new Error(`the lab's service on ${missing.join(', ')} does not listen; its log is in ${folder}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
