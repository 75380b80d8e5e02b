import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

interface Answer {
  return?: unknown;
  error?: { class: string; desc: string };
  event?: string;
  QMP?: unknown;
}

/**
 * QEMU's machine protocol: commands in, answers out, one JSON object a line. Events are ignored. Source:
 * https://www.qemu.org/docs/master/interop/qmp-spec.html
 */
export class Qmp {
  readonly #waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void; command: string }[] = [];
  readonly #input: Writable;

  constructor(input: Writable, output: Readable) {
    this.#input = input;
    // QEMU may end at any moment. Pending commands are then answered when its output closes.
    input.on('error', () => {});
    const lines = createInterface({ input: output });
    lines.on('line', (line) => this.#take(JSON.parse(line) as Answer));
    lines.on('close', () => {
      for (const { reject, command } of this.#waiting.splice(0)) reject(new Error(`QEMU ended before ${command}`));
    });
  }

  /** Answers arrive in the order of the commands. */
  command(command: string, arguments_: object = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject, command });
      this.#input.write(`${JSON.stringify({ execute: command, arguments: arguments_ })}\n`);
    });
  }

  #take(answer: Answer): void {
    if (answer.QMP || answer.event) return;
    const waiting = this.#waiting.shift();
    if (answer.error) waiting?.reject(new Error(`QEMU refused ${waiting.command}: ${answer.error.desc}`));
    else waiting?.resolve(answer.return);
  }
}
