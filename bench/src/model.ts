import type { Cpu } from './lab/cpu-groups';
import type { Lane } from './lab/lane';

/** What a load measures, one number for each sample. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  /** Printed after the number; empty for counts and fractions. */
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** Only for readers: not compared with the committed run. */
  readonly aside?: boolean;
}

/** By the figure's name. */
export type Values = Readonly<Record<string, number>>;

/** Something that carries the load: Portway, a peer, or nothing at all. */
export interface Contender {
  readonly name: string;
  readonly title: string;
  /** Whether it is Portway: bounds apply to it, and it is compared with the committed run. */
  readonly ours?: boolean;
  /** Left out of quick runs. */
  readonly slow?: boolean;
  /** Its point in a line chart: which line, and where on the scenario's axis. */
  readonly point?: { readonly line: string; readonly at: number };
}

/**
 * A figure that must hold, of one contender or relative to another one of the same load. The median of all rounds
 * counts or, with `every`, the worst round.
 */
export interface Bound {
  readonly figure: string;
  readonly contender: string;
  readonly against?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly every?: boolean;
  /** What the bound is about, for readers. */
  readonly title: string;
}

/** One way to load the contenders of a scenario. The first figure is the one that charts show. */
export interface Load {
  readonly name: string;
  readonly title: string;
  readonly figures: readonly Figure[];
  readonly bounds: readonly Bound[];
  /** The most rounds, for loads that take long and vary little. Default: as many as the run has. */
  readonly rounds?: number;
}

/** What a load can use while it takes a sample. */
export interface Round {
  /** How long a sample should last, in seconds. */
  readonly seconds: number;
  /** Does the work, and records the CPU time that the lane's sides used meanwhile. */
  during<T>(lane: Lane, work: () => Promise<T>): Promise<T>;
  /** A figure of a contender that was measured earlier in this round. @throws Error if it was not measured */
  earlier(contender: string, figure: string): number;
}

/** A contender that is set up and ready. */
export interface Subject {
  /** Undefined if nothing is forwarded. */
  readonly lane?: Lane;
  /** How each of the scenario's loads takes a sample, by the load's name. */
  readonly loads: Readonly<Record<string, (round: Round) => Promise<Values>>>;
}

/** Contenders compared with each other: each has its own lane, and they are measured in turn (A B C, A B C, ...). */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** One line for `--list`. */
  readonly about: string;
  /** The first one is the reference for the others. */
  readonly contenders: readonly Contender[];
  /** What the contenders' points are on, such as a number of forwards. Default: charts are bars. */
  readonly axis?: string;
  readonly loads: readonly Load[];
  /** Left out of quick runs unless asked for by name. */
  readonly slow?: boolean;
  setUp(contender: Contender, lane: (at: 'gateway' | 'backend') => Promise<Lane>): Promise<Subject>;
}

export interface Sample {
  readonly values: Values;
  /** Undefined if the kernel cannot count it by group. */
  readonly cpu?: Cpu;
}
