import { join } from 'node:path';
import spawn, { type SubprocessError } from 'nano-spawn';
import type { Stage } from '../src/case';

const PORTWAY = join(__dirname, '../../bin/portway.js');

export interface Verdict {
  readonly code: number;
  readonly text: string;
}

/**
 * The real `portway verify`, with the stage's AWS settings, for the app that was deployed.
 * @param enter words that run it elsewhere when put before it
 */
export async function verify({ endpoint, folder }: Stage, enter: readonly string[] = []): Promise<Verdict> {
  // It synthesizes an app; here that is the assembly that was deployed.
  const app = `cp -r ${join(folder, 'cdk.out')}/. "$CDK_OUTDIR"`;
  const command = [process.execPath, PORTWAY, 'verify', '--app', app];
  const [first, ...rest] = [...enter, ...command];
  try {
    return { code: 0, text: (await spawn(first as string, rest, { env: endpoint.env })).output };
  } catch (error) {
    const { exitCode = -1, output, message } = error as SubprocessError;
    return { code: exitCode, text: output || message };
  }
}
