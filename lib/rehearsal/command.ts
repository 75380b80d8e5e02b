import { ENGINES, type Engine } from '../forward/forward';
import { rehearse } from './rehearsal';
import { reportText } from './report/text';

export interface RehearseOptions {
  readonly engine?: Engine;
  readonly keep?: boolean;
  readonly json?: boolean;
  readonly mirror?: string;
  readonly endpoint?: string;
}

/** `portway rehearse`. @returns the process's exit code: 0 only when every check passed and nothing was left behind */
export async function rehearseCommand({
  engine,
  keep = false,
  json = false,
  mirror,
  endpoint,
}: RehearseOptions): Promise<number> {
  try {
    const engines = engine === undefined ? ENGINES : [engine];
    const report = await rehearse({ engines, keep, quiet: json, mirror, endpoint });
    process.stdout.write(`${json ? JSON.stringify(report, null, 2) : reportText(report)}\n`);
    return report.passed ? 0 : 1;
  } catch (error) {
    // What the machine lacks is no fault of the program: its message says what to do, a stack trace would hide it.
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return 1;
  }
}
