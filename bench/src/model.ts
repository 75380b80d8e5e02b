import type { Cpu } from './lab/cpu-groups';
import type { Lane } from './lab/lane';

/** What a load measures, one number a sample. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  /** As it is printed behind the number; empty for counts and fractions. */
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** Said for the reader, and not compared with the committed run. */
  readonly aside?: boolean;
}

/** By name of the figure. */
export type Values = Readonly<Record<string, number>>;

/** Something that carries the load: Portway, a peer, or nothing at all. */
export interface Contender {
  readonly name: string;
  readonly title: string;
  /** Whether it is this project: what bounds are for, and what is compared with the committed run. */
  readonly ours?: boolean;
  /** Left out of quick runs. */
  readonly slow?: boolean;
  /** Its place in a chart of lines: which line, and where on the scenario's axis. */
  readonly point?: { readonly line: string; readonly at: number };
}

/**
 * A figure that must hold: of a contender alone, or in relation to another one of the same load.
 * The median of all rounds counts, or with `every` the worst of them.
 */
export interface Bound {
  readonly figure: string;
  readonly contender: string;
  readonly against?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly every?: boolean;
  /** What is bounded, in words for a reader. */
  readonly title: string;
}

/** One way to load the contenders of a scenario. The first figure is the one that charts show. */
export interface Load {
  readonly name: string;
  readonly title: string;
  readonly figures: readonly Figure[];
  readonly bounds: readonly Bound[];
  /** At most so many rounds, for what takes long and varies little. Default: as many as the run has. */
  readonly rounds?: number;
}

/** What a load may use while it takes a sample. */
export interface Round {
  /** How long a sample should last, in seconds. */
  readonly seconds: number;
  /** Does the work, and records the CPU time that the lane's sides used meanwhile. */
  during<T>(lane: Lane, work: () => Promise<T>): Promise<T>;
  /** What a contender that came earlier in this round had. @throws Error when it has not been measured */
  earlier(contender: string, figure: string): number;
}

/** A contender that is set up and ready. */
export interface Subject {
  readonly lane: Lane;
  /** How each of the scenario's loads takes a sample; by the load's name. */
  readonly loads: Readonly<Record<string, (round: Round) => Promise<Values>>>;
}

/** Contenders side by side: each has a lane of its own, and they are measured in turn (A B C, A B C, ...). */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** One line for `--list`. */
  readonly about: string;
  /** The first one is what the others are shown in relation to. */
  readonly contenders: readonly Contender[];
  /** What contenders' points are places of, such as a number of forwards. Default: charts are bars. */
  readonly axis?: string;
  readonly loads: readonly Load[];
  /** Left out of quick runs that do not ask for it by name. */
  readonly slow?: boolean;
  setUp(contender: Contender, lane: (at: 'gateway' | 'backend') => Promise<Lane>): Promise<Subject>;
}

export interface Sample {
  readonly values: Values;
  /** Missing where the kernel cannot count it by group. */
  readonly cpu?: Cpu;
}
