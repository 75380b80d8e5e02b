import type { Cpu } from '../lab/cpu-groups';
import type { LoadResult } from '../result';

/** The median of some numbers, and their range. */
export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
  /** How many numbers there were. */
  readonly count: number;
}

/** @returns undefined if there are no numbers */
export function spread(numbers: readonly number[]): Spread | undefined {
  const sorted = numbers.filter(Number.isFinite).sort((a, b) => a - b);
  const [lowest] = sorted;
  const highest = sorted.at(-1);
  if (lowest === undefined || highest === undefined) return undefined;
  return { median: median(sorted), lowest, highest, count: sorted.length };
}

/** The numbers must be sorted, and at least one. */
function median(sorted: readonly number[]): number {
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}

/** A figure of a contender over all rounds. */
export function figureSpread(load: LoadResult, contender: string, figure: string): Spread | undefined {
  return spread((load.samples[contender] ?? []).map(({ values }) => values[figure] ?? Number.NaN));
}

/**
 * A contender's figure divided by another one's, round by round. Only consecutive measurements are compared, so slow
 * changes of the machine cancel out.
 */
export function ratioSpread(load: LoadResult, contender: string, against: string, figure: string): Spread | undefined {
  const others = load.samples[against] ?? [];
  return spread(
    (load.samples[contender] ?? []).map(
      ({ values }, round) => (values[figure] ?? Number.NaN) / (others[round]?.values[figure] ?? Number.NaN),
    ),
  );
}

/** The median CPU time of each side, in cores; undefined if it was not counted. */
export function cpuMedian(load: LoadResult, contender: string): Cpu | undefined {
  const samples = (load.samples[contender] ?? []).flatMap(({ cpu }) => cpu ?? []);
  if (samples.length === 0) return undefined;
  const of = (side: keyof Cpu) => spread(samples.map((cpu) => cpu[side]))?.median ?? 0;
  return {
    client: of('client'),
    gateway: of('gateway'),
    backend: of('backend'),
    kernel: of('kernel'),
    others: of('others'),
  };
}

/**
 * CPU time of all sides together for each unit of a rate (a request, a connection, a datagram), in microseconds. It
 * hardly depends on who else uses the machine.
 */
export function cpuPerUnit(load: LoadResult, contender: string, rate: string): Spread | undefined {
  return spread(
    (load.samples[contender] ?? []).map(({ values, cpu }) =>
      cpu === undefined
        ? Number.NaN
        : ((cpu.client + cpu.gateway + cpu.backend + cpu.kernel) / (values[rate] ?? Number.NaN)) * 1e6,
    ),
  );
}
