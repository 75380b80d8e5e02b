import type { Duration } from 'aws-cdk-lib';
import type { Problems } from '../forward/problems';
import { isNumberToken } from '../forward/token';

/** A `Duration` in whole seconds within bounds. Undefined if it is unset or, which is reported, anything else. */
export function readSeconds(
  at: string,
  value: unknown,
  {
    from,
    to,
    words,
    example,
  }: {
    readonly from: number;
    readonly to: number;
    /** The bounds in words. */
    readonly words: string;
    readonly example: string;
  },
  problems: Problems,
): number | undefined {
  if (value === undefined) return undefined;
  const seconds = secondsOf(value);
  if (seconds === undefined) problems.add(at, `must be a Duration that is known at synth, such as ${example}`, value);
  else if (!(seconds >= from && seconds <= to && Number.isInteger(seconds)))
    problems.add(at, `must be ${words}, in whole seconds`, `${seconds} s`);
  else return seconds;
  return undefined;
}

/** Also reads a Duration from another copy of the CDK. Undefined for anything else, and for tokens. */
function secondsOf(value: unknown): number | undefined {
  try {
    const seconds: unknown = (value as Duration).toSeconds({ integral: false });
    return typeof seconds === 'number' && !isNumberToken(seconds) ? seconds : undefined;
  } catch {
    return undefined;
  }
}
