import type { Machine } from './lab/machine';
import type { Bound, Contender, Figure, Sample } from './model';
import type { Pace } from './run';

/** The result of a run: every sample, so that any figure can be computed from it again. It is written as JSON. */
export interface Result {
  /** The version of this format. Other versions are not supported. */
  readonly format: 1;
  /** ISO 8601. */
  readonly date: string;
  readonly pace: Pace;
  readonly machine: Machine;
  /** Debian packages by name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly scenarios: readonly ScenarioResult[];
}

export interface ScenarioResult {
  readonly name: string;
  readonly title: string;
  /** The first one is the reference. */
  readonly contenders: readonly Contender[];
  readonly axis?: string;
  readonly loads: readonly LoadResult[];
}

export interface LoadResult {
  readonly name: string;
  readonly title: string;
  readonly figures: readonly Figure[];
  readonly bounds: readonly Bound[];
  /** By contender, one for each round. */
  readonly samples: Readonly<Record<string, readonly Sample[]>>;
}
