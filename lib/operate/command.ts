import type { SynthesizeOptions } from '../plan/synthesize';
import { withApp } from '../plan/with-app';
import { readFound } from './found';
import { readPromised } from './promised';
import { differences } from './verify';

export interface VerifyOptions extends SynthesizeOptions {
  /** Default: the app's only stack. */
  readonly stack?: string | undefined;
}

/** `portway verify`. @returns the exit code: 0 no differences, 1 differences, 2 could not compare */
export function verifyCommand(options: VerifyOptions): Promise<number> {
  return withApp(options, 2, async (assembly) => {
    const promised = await readPromised(assembly, options.stack);
    const found = await readFound(promised.stackName, promised.region);
    const lines = differences(promised, found);
    const { stackName } = promised;
    if (lines.length === 0)
      process.stdout.write(`${stackName}: ${found.gateway?.instanceId} at ${found.address} is as the app says\n`);
    else process.stdout.write(`${stackName}: NOT AS THE APP SAYS\n${lines.map((line) => `- ${line}\n`).join('')}`);
    return lines.length === 0 ? 0 : 1;
  });
}
