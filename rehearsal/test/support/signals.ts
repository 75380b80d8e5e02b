import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cleanup } from '../../src/cleanup';

/** A signal that a host sent to the URL of its content. */
export interface Signal {
  readonly url: string;
  /** The request's Content-Type. AWS requires that there is none. */
  readonly type: string | undefined;
  readonly body: { readonly Status: string; readonly Reason: string; readonly UniqueId: string; readonly Data: string };
}

/** Receives signals of hosts that no stack waits for, for tests that launch an instance in the lab themselves. */
export class Signals {
  /** For the lab's `signalSocket`. */
  readonly socket: string;
  /** In the order of arrival. */
  readonly all: Signal[] = [];

  private constructor(socket: string) {
    this.socket = socket;
  }

  static async listen(folder: string, cleanup: Cleanup): Promise<Signals> {
    const signals = new Signals(join(folder, 'signal.sock'));
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (data: Buffer) => chunks.push(data));
      request.on('end', () => {
        signals.all.push({
          url: request.url ?? '',
          type: request.headers['content-type'],
          body: JSON.parse(Buffer.concat(chunks).toString()),
        });
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(signals.socket, resolve));
    cleanup.add('signal server', () => new Promise((resolve) => server.close(resolve)));
    return signals;
  }

  /**
   * Waits until a host has signalled.
   *
   * @param options.url Part of the URL, if several contents are signalled. Default: any
   * @param options.seconds Longest time to wait
   * @throws Error if nothing arrived in that time, or more than one signal: a host signals a content once
   */
  async one({ url = '', seconds }: { url?: string; seconds: number }): Promise<Signal> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const [first, ...others] = this.all.filter((signal) => signal.url.includes(url));
      if (others.length > 0) throw new Error(`${url || 'the host'} was signalled ${others.length + 1} times`);
      if (first !== undefined) return first;
      if (Date.now() > end)
        throw new Error(`${url || 'the host'} was never signalled; consoles are beside ${this.socket}`);
      await sleep(250);
    }
  }
}
