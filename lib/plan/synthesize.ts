import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import spawn, { type SubprocessError } from 'nano-spawn';

export interface SynthesizeOptions {
  /** `key=value`, as for cdk deploy. */
  readonly context: readonly string[];
  /** The command of the CDK app. Default: the one in cdk.json. */
  readonly app?: string;
}

interface Settings {
  readonly app?: string;
  readonly context?: Readonly<Record<string, unknown>>;
}

/**
 * Runs the app as the CDK CLI does, with the output folder and the context in environment variables. Validation and lookups are left
 * to the CLI: for lookups that are not in cdk.context.json, the CDK uses dummy values.
 */
export async function synthesize({ app, context }: SynthesizeOptions, outdir: string): Promise<void> {
  const settings = await readJson<Settings>('cdk.json');
  const command = app ?? settings?.app;
  if (command === undefined)
    throw new Error(
      'the app must be known: run this in the folder of its cdk.json, name it by --app, or make one by portway init',
    );
  const pairs = context.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
  // Precedence as in the CLI, lowest first: the user's settings, lookups, the app's settings, the command line.
  const all = {
    ...(await readJson<Settings>(join(homedir(), '.cdk.json')))?.context,
    ...(await readJson<Settings['context']>('cdk.context.json')),
    ...settings?.context,
    ...Object.fromEntries(pairs),
    // Skips bundling the assets of other stacks, which may take minutes or need Docker.
    'aws:cdk:bundling-stacks': [],
  };
  const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  try {
    await spawn(command, {
      shell: true,
      stdin: 'ignore',
      env: {
        CDK_OUTDIR: outdir,
        CDK_CONTEXT_JSON: JSON.stringify(all),
        CDK_VALIDATION: 'false',
        ...(region === undefined ? {} : { CDK_DEFAULT_REGION: region }),
      },
    });
  } catch (error) {
    const { stderr, message } = error as SubprocessError;
    throw new Error(stderr.trim() || message);
  }
}

/** Undefined if there is no such file. @throws Error when it is not JSON */
async function readJson<T>(path: string): Promise<T | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw new Error(`${path} must be JSON: ${(error as Error).message}`);
  }
}
