import { readFile } from 'node:fs/promises';
import spawn, { type SubprocessError } from 'nano-spawn';

export interface SynthesizeOptions {
  /** `key=value`, as for cdk deploy. */
  readonly context: readonly string[];
  /** The CDK app. Default: what cdk.json says. */
  readonly app?: string;
}

/** What the CDK CLI reads too. */
interface CdkJson {
  readonly app: string;
  readonly context?: Readonly<Record<string, unknown>>;
}

/** Runs the app as the CDK CLI does, which tells it by variables where to write and what context there is. Validation is the CLI's. */
export async function synthesize({ app, context }: SynthesizeOptions, outdir: string): Promise<void> {
  const settings = JSON.parse(await readFile('cdk.json', 'utf8')) as CdkJson;
  const given = context.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
  const all = JSON.stringify({ ...settings.context, ...Object.fromEntries(given) });
  try {
    await spawn(app ?? settings.app, {
      shell: true,
      stdin: 'ignore',
      env: { CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: all, CDK_VALIDATION: 'false' },
    });
  } catch (error) {
    const { stderr, message } = error as SubprocessError;
    throw new Error(stderr.trim() || message);
  }
}
