import type { SynthesizeOptions } from '../plan/synthesize';
import { withApp } from '../plan/with-app';
import { type Found, readFound } from './found';
import { readPromised } from './promised';
import { differences } from './verify';

export interface VerifyOptions extends SynthesizeOptions {
  /** A stack's name, or a gateway's path. Default: the app's only stack with gateways. */
  readonly stack?: string | undefined;
}

/**
 * `portway verify`: a line for each gateway of the stack.
 *
 * @returns the exit code: 0 no differences, 1 differences, 2 could not compare
 */
export function verifyCommand(options: VerifyOptions): Promise<number> {
  return withApp(options, 2, async (assembly) => {
    let code = 0;
    for (const promised of await readPromised(assembly, options.stack)) {
      const found = await readFound(promised);
      const lines = differences(promised, found);
      process.stdout.write(`${promised.path}: ${told(found, lines)}`);
      if (lines.length > 0) code = 1;
    }
    return code;
  });
}

function told({ address, gateway }: Found, lines: readonly string[]): string {
  if (lines.length === 0) return `${gateway?.instanceId} at ${address} is as the app says\n`;
  return `NOT AS THE APP SAYS\n${lines.map((line) => `- ${line}\n`).join('')}`;
}
