import { open, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Vm } from '../../src/vm/qemu';

/**
 * Follows what a machine prints on its console from now on. It needs no login, which would take an emulated machine
 * seconds.
 */
export class Console {
  readonly #path: string;
  readonly #begin: number;

  private constructor(path: string, begin: number) {
    this.#path = path;
    this.#begin = begin;
  }

  static async from(vm: Vm): Promise<Console> {
    return new Console(vm.console, (await readFile(vm.console)).length);
  }

  /** Waits for a text. @returns when it appeared, in milliseconds since 1970 @throws Error after `limit` seconds */
  async says(pattern: RegExp, limit: number): Promise<number> {
    const end = Date.now() + limit * 1000;
    while (!pattern.test(await this.text())) {
      if (Date.now() > end) throw new Error(`the console did not say ${pattern} within ${limit} s, see ${this.#path}`);
      await sleep(20);
    }
    return Date.now();
  }

  async text(): Promise<string> {
    const file = await open(this.#path);
    try {
      return (await file.read({ position: this.#begin, buffer: Buffer.alloc(1 << 20) })).buffer
        .toString()
        .replace(/\0+$/, '');
    } finally {
      await file.close();
    }
  }
}
