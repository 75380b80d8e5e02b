import type { Cpu } from './lab/cpu-groups';
import { CpuGroups } from './lab/cpu-groups';
import { Lane } from './lab/lane';
import type { Contender, Load, Round, Sample, Scenario, Subject, Values } from './model';

/** How much is measured. */
export interface Pace {
  /** Rounds that count. */
  readonly rounds: number;
  /** The length of a sample, in seconds. */
  readonly seconds: number;
  /** Leaves out contenders that are marked slow, and accepts disturbed samples. */
  readonly quick: boolean;
}

/** Samples by contender, one for each round. */
export type LoadSamples = Readonly<Record<string, readonly Sample[]>>;

export interface RunOptions {
  readonly pace: Pace;
  /** Prints a line for whoever watches a long run. */
  readonly report: (line: string) => void;
  /** Called with the first lane that is set up (to ask for versions). */
  readonly onLane?: (lane: Lane) => Promise<void>;
  readonly signal?: AbortSignal;
}

/** A sample that others disturbed by more than this, in cores, is taken again, ... */
const DISTURBED = 0.2;
/** ... unless a load would then need more extra samples than this, as a fraction of those planned. */
const SPARE = 0.25;
/** The length of the first round, as a fraction of a sample. It fills caches and tables, and does not count. */
const WARM_UP = 0.5;

/** The contenders of a scenario that take part. */
export function takingPart(scenario: Scenario, quick: boolean): readonly Contender[] {
  return scenario.contenders.filter((contender) => !quick || contender.slow !== true);
}

/** Measures a scenario: all contenders are set up at the same time, each on its own lane, and take turns. */
export async function runScenario(
  scenario: Scenario,
  options: RunOptions,
): Promise<Readonly<Record<string, LoadSamples>>> {
  const groups = await CpuGroups.create();
  const lanes: Lane[] = [];
  try {
    const subjects = new Map<Contender, Subject>();
    for (const contender of takingPart(scenario, options.pace.quick)) {
      options.signal?.throwIfAborted();
      const subject = await scenario.setUp(contender, async (at) => {
        const lane = await Lane.start(`${scenario.name}-${contender.name}`, at, groups);
        lanes.push(lane);
        return lane;
      });
      subjects.set(contender, subject);
      if (subjects.size === 1 && subject.lane !== undefined) await options.onLane?.(subject.lane);
    }
    const samples: Record<string, LoadSamples> = {};
    for (const load of scenario.loads) samples[load.name] = await runLoad(scenario, load, subjects, options);
    return samples;
  } finally {
    await Promise.all(lanes.map((lane) => lane.stop()));
    await groups?.close();
  }
}

/** A B C, A B C, ...: slow changes of the machine affect all of them alike. */
async function runLoad(
  scenario: Scenario,
  load: Load,
  subjects: ReadonlyMap<Contender, Subject>,
  { pace, report, signal }: RunOptions,
): Promise<LoadSamples> {
  report(`${scenario.title}: ${load.title}`);
  const samples: Record<string, Sample[]> = {};
  const rounds = Math.min(pace.rounds, load.rounds ?? pace.rounds);
  let spare = pace.quick ? 0 : Math.ceil(SPARE * subjects.size * rounds);
  for (let round = 0; round <= rounds; round++) {
    const values = new Map<string, Values>();
    for (const [contender, subject] of subjects) {
      signal?.throwIfAborted();
      const seconds = round === 0 ? pace.seconds * WARM_UP : pace.seconds;
      const once = () => take(contender, subject, load, values, seconds);
      let sample = await once();
      for (; round > 0 && spare > 0 && (sample.cpu?.others ?? 0) > DISTURBED; spare--) sample = await once();
      values.set(contender.name, sample.values);
      if (round === 0) continue;
      const own = samples[contender.name] ?? [];
      samples[contender.name] = own;
      own.push(sample);
    }
  }
  return samples;
}

async function take(
  contender: Contender,
  { loads }: Subject,
  load: Load,
  values: ReadonlyMap<string, Values>,
  seconds: number,
): Promise<Sample> {
  let cpu: Cpu | undefined;
  const round: Round = {
    seconds,
    async during(lane, work) {
      const measured = await lane.during(work);
      cpu = measured.cpu;
      return measured.result;
    },
    earlier(other, figure) {
      const value = values.get(other)?.[figure];
      if (value === undefined) throw new Error(`${contender.name} needs ${other} before it in the same round`);
      return value;
    },
  };
  const measure = loads[load.name];
  if (measure === undefined) throw new Error(`${contender.name} has no way to take the load ${load.name}`);
  try {
    const measured = await measure(round);
    return { values: measured, ...(cpu === undefined ? {} : { cpu }) };
  } catch (error) {
    throw new Error(`${contender.name}, ${load.title}: ${(error as Error).message}`, { cause: error });
  }
}
