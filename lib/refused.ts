import { PortwayError } from './forward/problems';

/**
 * Runs `check`, and reports a PortwayError as the one who runs the app can use it:
 * - A program, such as a test with `app.synth()` or `Template.fromStack`, gets the error thrown.
 * - Under the CDK CLI and `portway plan`, the problems are printed without a stack trace, the app goes on with what `instead` gives, so
 *   that all gateways' problems are told at once, and ends with exit code 1: the CLI then uses nothing of what it wrote.
 *
 * An annotation would not do: the CLI does not look at those of stacks in a stage, and would deploy what stands in.
 * @param path of the construct
 */
export function reportProblems<T>(path: string, check: () => T, instead: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof PortwayError) || process.env.CDK_OUTDIR === undefined) throw error;
    process.stderr.write(`${path}: ${error.message}\n`);
    process.exitCode = 1;
    return instead();
  }
}
