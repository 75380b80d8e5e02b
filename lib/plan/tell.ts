import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingLookups } from './assembly';
import { type SynthesizeOptions, synthesize } from './synthesize';

/**
 * Synthesizes the app, and prints what `tell` says of it. Lookups that were not made yet are named, since dummy values
 * stand in for them.
 *
 * @param tell gets the folder of the cloud assembly
 * @returns the exit code: 0 told, 1 could not be told
 */
export async function tellOfApp(
  options: SynthesizeOptions,
  tell: (outdir: string) => Promise<string>,
): Promise<number> {
  const outdir = await mkdtemp(join(tmpdir(), 'portway-plan-'));
  try {
    await synthesize(options, outdir);
    const text = await tell(outdir);
    for (const key of missingLookups(outdir))
      process.stderr.write(`portway: not looked up yet, using a dummy value (run cdk synth once): ${key}\n`);
    process.stdout.write(`${text}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return 1;
  } finally {
    await rm(outdir, { recursive: true, force: true });
  }
}
