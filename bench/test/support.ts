import type { Bound, Figure, Sample } from '../src/model';
import type { LoadResult, Result } from '../src/result';

const REQUESTS: Figure = { name: 'requests', title: 'requests/s', unit: '/s', better: 'higher' };
const P99: Figure = { name: 'p99', title: 'p99', unit: 'ms', better: 'lower' };

/** Samples with these requests a second, one for each round, and these p99 in milliseconds. */
export function samples(requests: readonly number[], p99: readonly number[] = []): readonly Sample[] {
  return requests.map((value, i) => ({
    values: { requests: value, ...(p99[i] === undefined ? {} : { p99: p99[i] }) },
  }));
}

export function load(
  byContender: Readonly<Record<string, readonly Sample[]>>,
  bounds: readonly Bound[] = [],
): LoadResult {
  return { name: 'kept', title: 'kept-alive', figures: [REQUESTS, P99], bounds, samples: byContender };
}

/** A result of one scenario with one load. Its contenders are Portway and, first, those that the names say. */
export function result(loadResult: LoadResult): Result {
  return {
    format: 1,
    date: '2026-01-02T03:04:05.000Z',
    pace: { rounds: 3, seconds: 1, quick: false },
    machine: { cpu: 'Some CPU', cores: 2, memoryGiB: 4, kernel: '6.12', system: 'Debian' },
    versions: { nginx: '1.26.3', wrk: '4.1.0' },
    scenarios: [
      {
        name: 'http',
        title: 'HTTP',
        contenders: Object.keys(loadResult.samples).map((name) => ({
          name,
          title: `the ${name}`,
          ours: name === 'ours',
        })),
        loads: [loadResult],
      },
    ],
  };
}
