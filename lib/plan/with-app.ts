import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingLookups } from './assembly';
import { awsWords } from './aws-words';
import { NO_ANSWER } from './no-answer';
import { type SynthesizeOptions, synthesize } from './synthesize';

/**
 * Synthesizes the app into a folder that is removed afterwards. What goes wrong is one line for the user, without a
 * stack trace, and the exit code is 2.
 *
 * @param use gets the folder of the cloud assembly, and returns the exit code
 */
export async function withApp(options: SynthesizeOptions, use: (assembly: string) => Promise<number>): Promise<number> {
  const assembly = await mkdtemp(join(tmpdir(), 'portway-app-'));
  try {
    await synthesize(options, assembly);
    return await use(assembly);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? awsWords(error) : error}\n`);
    return NO_ANSWER;
  } finally {
    await rm(assembly, { recursive: true, force: true });
  }
}

/**
 * Prints what `tell` says of the synthesized app. Lookups that were not made yet are named, since dummy values stand in
 * for them.
 *
 * @returns the exit code: 0 told, 2 could not be told
 */
export function tellOfApp(options: SynthesizeOptions, tell: (assembly: string) => Promise<string>): Promise<number> {
  return withApp(options, async (assembly) => {
    const text = await tell(assembly);
    for (const key of missingLookups(assembly))
      process.stderr.write(`portway: not looked up yet, using a dummy value (run cdk synth once): ${key}\n`);
    process.stdout.write(`${text}\n`);
    return 0;
  });
}
