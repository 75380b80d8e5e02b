import { connect, type Socket } from 'node:net';

/** Milliseconds to wait for an answer. */
export const PATIENCE = 5000;

export interface Place {
  readonly host: string;
  readonly port: number;
}

/**
 * Connects, and ends the connection at once.
 * @returns why it did not connect; undefined if it did
 */
export function opens(place: Place): Promise<string | undefined> {
  const socket = connect(place);
  return settled(socket, 'connect', () => undefined);
}

/**
 * Waits until a socket says so, fails, or loses patience, and destroys it.
 * @param ready the event that stands for success
 * @param look what to make of it
 */
export function settled<S extends Socket>(
  socket: S,
  ready: string,
  look: (socket: S) => string | undefined,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const end = (trouble: string | undefined) => {
      resolve(trouble);
      socket.destroy();
    };
    socket.setTimeout(PATIENCE, () => end(`no answer within ${PATIENCE / 1000} s`));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
    socket.once('close', () => end('the connection was ended'));
    socket.once(ready, () => end(look(socket)));
  });
}
