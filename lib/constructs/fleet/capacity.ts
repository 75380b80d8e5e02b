import type { Known } from '../../forward/known';
import type { Problems } from '../../forward/problems';
import { readObject } from '../../forward/read-object';
import { readWhole } from '../../forward/read-value';
import { NO_WORDS } from './not-on-a-fleet';
import { readScaleOn, type ScaleOn, type ScaleOnProps, STANDARD } from './scaling';

/**
 * How many hosts a fleet has, and over how many zones.
 * @category Fleet
 */
export interface CapacityProps {
  /** The fewest hosts that run at any time (2-58), also while a change of the machine replaces them. */
  readonly min: number;
  /**
   * The most hosts (4-60). A change of the machine starts a new host in each zone before it ends old ones, so it needs
   * room for them beside `min`. Hosts beyond `min` come and go with the load: see `scaleOn`.
   * @refused fewer than `min` and `zones` together
   */
  readonly max: number;
  /**
   * Over how many availability zones the hosts are (2-6). Each zone has a fixed address of its own. Another number
   * replaces the balancer or its addresses in the zones that go.
   * @default 2
   * @refused more than `min`: a zone's address leads to the hosts of that zone alone
   */
  readonly zones?: number;
  /**
   * The load of a host that the number of hosts follows.
   * @default half of the processors
   */
  readonly scaleOn?: ScaleOnProps;
  /**
   * Types that a zone gets when EC2 has no more of `instanceType` there, in order of preference: the next one only where the one before
   * is not to be had. All are on demand. Another list replaces the hosts, one in each zone at a time.
   * @default none: a zone without `instanceType` gets no host until there is one
   * @refused types of another architecture or size than `instanceType`; burstable ones (`t4g`, `t3`) unless it is burstable too; more than 39
   */
  readonly fallbackTypes?: readonly string[];
}

/** The checked capacity. */
export interface Capacity extends Required<CapacityProps> {
  readonly scaleOn: ScaleOn;
}

export const CAPACITY = {
  min: true,
  max: true,
  zones: true,
  scaleOn: true,
  fallbackTypes: true,
} satisfies Known<CapacityProps>;

/**
 * The most hosts. Each reads the pointer every 30 s and some seven times after a change; Parameter Store allows 40 reads a
 * second in an account and region by default, of which 60 hosts take at most 14.
 * @see https://docs.aws.amazon.com/general/latest/gr/ssm.html
 */
const MOST_HOSTS = 60;

/** The capacity with `fallbackTypes` as written: they are compared with the machine, which is read later. */
export interface ReadCapacity extends Omit<Capacity, 'fallbackTypes'> {
  readonly fallbackTypes: unknown;
}

/** In place of a wrong capacity, so that everything else is checked too. */
const STAND_IN = { min: 2, max: 4, zones: 2, scaleOn: STANDARD };

/** Reads `capacity`, but for `fallbackTypes`. Reports anything wrong to `problems`. */
export function readCapacity(value: unknown, problems: Problems): ReadCapacity {
  const before = problems.length;
  const read = readObject(
    'capacity',
    value,
    { parts: CAPACITY, example: '{ min: 2, max: 4, zones: 2 }', required: true, refused: NO_WORDS },
    problems,
  );
  const { fallbackTypes } = read ?? {};
  const standIn = { ...STAND_IN, fallbackTypes };
  if (read === undefined) return standIn;
  const min = readWhole('capacity.min', read.min, { from: 2, to: MOST_HOSTS - 2, required: true }, problems);
  const max = readWhole('capacity.max', read.max, { from: 4, to: MOST_HOSTS, required: true }, problems);
  const zones = readWhole('capacity.zones', read.zones, { from: 2, to: 6 }, problems) ?? STAND_IN.zones;
  const scaleOn = readScaleOn(read.scaleOn, problems);
  if (min === undefined || max === undefined || problems.length > before) return standIn;
  if (max < min + zones)
    problems.add(
      'capacity.max',
      `must be at least ${min + zones}, which is min and zones together: a change of the machine starts a new host in each zone before it ends old ones`,
      max,
    );
  if (zones > min)
    problems.add(
      'capacity.zones',
      `must not be more than min, which is ${min}: a zone's address leads to the hosts of that zone alone`,
      zones,
    );
  return problems.length > before ? standIn : { min, max, zones, scaleOn, fallbackTypes };
}
