import { ENGINES, type Engine } from '../../lib/forward/forward';
import { NO_ANSWER } from '../../lib/plan/no-answer';
import { plainTable } from '../../lib/plan/table';
import { chooseCases, loadCases } from './cases';
import type { VmSystem } from './image/image';
import { rehearse } from './rehearsal';
import { reportText } from './report/text';
import { planRuns } from './runs';

export interface RehearseOptions {
  readonly stack?: string;
  readonly case?: readonly string[];
  readonly list?: boolean;
  /** The CDK app's command. Default: the one in cdk.json. */
  readonly app?: string;
  readonly engine?: Engine;
  readonly os?: VmSystem;
  /** `key=value`, as for cdk deploy. */
  readonly context?: readonly string[];
  readonly keep?: boolean;
  readonly json?: boolean;
  readonly mirror?: string;
  readonly endpoint?: string;
}

/** `portway rehearse`. @returns the exit code: 0 only if every check passed and nothing was left behind, 2 if it could not begin */
export async function rehearseCommand(options: RehearseOptions): Promise<number> {
  const { stack, engine, os, keep = false, json = false, mirror, endpoint } = options;
  try {
    const cases = await loadCases();
    if (options.list && json) {
      const list = Object.fromEntries(cases.map((one) => [one.name, one.case.about]));
      process.stdout.write(`${JSON.stringify(list, null, 2)}\n`);
      return 0;
    }
    if (options.list) {
      process.stdout.write(
        `${plainTable(
          ['case', 'what happens'],
          cases.map((one) => [one.name, one.case.about]),
        )}\n`,
      );
      return 0;
    }
    const given = (options.context ?? []).map((pair) => [
      pair.slice(0, pair.indexOf('=')),
      pair.slice(pair.indexOf('=') + 1),
    ]);
    const context = {
      ...Object.fromEntries(given),
      ...(os === undefined ? {} : { os }),
      ...(engine === undefined ? {} : { engine }),
    };
    const runs = planRuns(chooseCases(cases, options.case ?? []), {
      stack,
      app: options.app,
      engines: engine === undefined ? ENGINES : [engine],
      context,
    });
    const report = await rehearse({ runs, keep, quiet: json, os, mirror, endpoint });
    process.stdout.write(`${json ? JSON.stringify(report, null, 2) : reportText(report)}\n`);
    return report.passed ? 0 : 1;
  } catch (error) {
    // If the machine lacks something, the message says what to do; a stack trace would hide it.
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return NO_ANSWER;
  }
}
