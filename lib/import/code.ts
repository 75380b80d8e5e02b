import type { Tls } from '../forward/tls';

/** A value that is written as code: the expression, and what it makes. */
export class Code {
  constructor(
    readonly text: string,
    readonly value: Tls,
  ) {}

  toJSON(): string {
    return this.text;
  }
}
