import { describeAsRoot } from '../../../test/support/as-root';
import { CpuGroups } from '../../src/lab/cpu-groups';
import { Lane } from '../../src/lab/lane';
import { benchRoot } from '../../src/lab/root';
import type { Round, Scenario, Subject } from '../../src/model';

/** The shortest possible sample. */
export const SHORT: Omit<Round, 'during'> = { seconds: 0.2, earlier: () => 1_000 };

export interface Bench {
  /** Sets up one contender of a scenario on its own lane, which is taken down when the test ends. */
  subject(scenario: Scenario, contender: string): Promise<Subject & { readonly lane: Lane }>;
  /** Whether this machine can count CPU time by group. */
  countsCpu(): boolean;
}

/** Tests of lanes as the benchmark sets them up, one measurement each. They never test how fast anything is. */
export function describeBench(name: string, body: (bench: Bench) => void): void {
  describeAsRoot(name, () => {
    let groups: CpuGroups | undefined;
    const lanes: Lane[] = [];
    beforeAll(async () => {
      await benchRoot();
      groups = await CpuGroups.create();
    }, 600_000);
    afterEach(() => Promise.all(lanes.splice(0).map((lane) => lane.stop())));
    afterAll(() => groups?.close());
    body({
      async subject(scenario, named) {
        const contender = scenario.contenders.find((c) => c.name === named);
        if (contender === undefined) throw new Error(`${scenario.name} has no contender ${named}`);
        const { lane, loads } = await scenario.setUp(contender, async (at) => {
          const own = await Lane.start(`test-${named}`, at, groups);
          lanes.push(own);
          return own;
        });
        if (lane === undefined) throw new Error(`${scenario.name} has no lanes`);
        return { lane, loads };
      },
      countsCpu: () => groups !== undefined,
    });
  });
}

/** Takes a sample of a subject's load for some seconds, without counting CPU time. */
export function sample({ loads }: Subject, load: string, seconds = SHORT.seconds) {
  const measure = loads[load];
  if (measure === undefined) throw new Error(`there is no load ${load}`);
  return measure({ ...SHORT, seconds, during: (_, work) => work() });
}
