import { isDeepStrictEqual } from 'node:util';
import type { Instance } from '@aws-sdk/client-ec2';
import { required } from '../../lib/operate/instance';
import type { SecurityRules } from './network/firewall';

/** What the EC2 API says about an instance that can change during its life. */
export interface InstanceState {
  readonly instanceId: string;
  readonly power: 'on' | 'off' | 'gone';
  /** When it was launched or last started, in milliseconds. */
  readonly started: number;
  readonly instanceType: string;
  readonly sourceDestCheck: boolean;
  readonly rules: SecurityRules;
  /** The tags that its metadata service shows. Undefined: it shows none. */
  readonly metadataTags?: Readonly<Record<string, string>> | undefined;
}

/**
 * What the lab has to do. `restart`: switch off if on, then on with the new settings. `rules`, `check` and `tags` need
 * no restart.
 */
export type InstanceChange = 'launch' | 'rules' | 'check' | 'tags' | 'stop' | 'restart';

/**
 * The steps from the lab's instance to what EC2 says, in this order.
 * @param has undefined: the lab does not know the instance yet
 */
export function instanceChanges(has: InstanceState | undefined, says: InstanceState): readonly InstanceChange[] {
  // An instance that has come and gone meanwhile, or is switched off before its first boot, need not run.
  if (has === undefined) return says.power === 'on' ? ['launch'] : [];
  // Its end is not a change here: it follows after the address has moved to another instance.
  if (has.power === 'gone' || says.power === 'gone') return [];
  return [
    ...(isDeepStrictEqual(has.rules, says.rules) ? [] : (['rules'] as const)),
    ...(has.sourceDestCheck === says.sourceDestCheck ? [] : (['check'] as const)),
    ...(isDeepStrictEqual(has.metadataTags, says.metadataTags) ? [] : (['tags'] as const)),
    ...powerChange(has, says),
  ];
}

/** A stop and start may both happen between two looks. Then only the later launch time shows it. */
function powerChange(has: InstanceState, says: InstanceState): readonly ('stop' | 'restart')[] {
  if (says.power === 'off') return has.power === 'on' ? ['stop'] : [];
  return says.started > has.started || has.power === 'off' ? ['restart'] : [];
}

/** Instances that the lab still has, but whose private address EC2 has given to another one: they have ended. */
export function givenAway(
  has: ReadonlyMap<string, { readonly privateIp: string }>,
  says: readonly Instance[],
): readonly string[] {
  const alive = says.filter((one) => powerOf(one) !== 'gone');
  return [...has]
    .filter(([id, { privateIp }]) => alive.some((one) => one.PrivateIpAddress === privateIp && one.InstanceId !== id))
    .filter(([id]) => !alive.some((one) => one.InstanceId === id))
    .map(([id]) => id);
}

/** EC2's names for an instance's states. A stopping instance still runs for a while, but counts as off. */
export function powerOf({ State }: Instance): InstanceState['power'] {
  const name = required(State?.Name, 'state');
  if (name === 'pending' || name === 'running') return 'on';
  return name === 'stopping' || name === 'stopped' ? 'off' : 'gone';
}
