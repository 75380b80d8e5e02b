import { isDeepStrictEqual } from 'node:util';
import type { Instance } from '@aws-sdk/client-ec2';
import { required } from '../../lib/operate/instance';
import type { SecurityRules } from './network/firewall';

/** What the EC2 API says of an instance that can change while it lives. */
export interface InstanceState {
  readonly instanceId: string;
  readonly power: 'on' | 'off' | 'gone';
  /** When it was launched or last started, in milliseconds. */
  readonly started: number;
  readonly instanceType: string;
  readonly sourceDestCheck: boolean;
  readonly rules: SecurityRules;
  /** Those that its metadata service tells; undefined: it tells none. */
  readonly metadataTags?: Readonly<Record<string, string>> | undefined;
}

/**
 * What the lab has to do. `restart`: off if it is on, then on with what is new.
 * `rules`, `check` and `tags` need no power.
 */
export type InstanceChange = 'launch' | 'rules' | 'check' | 'tags' | 'stop' | 'restart';

/**
 * What leads from the lab's instance to what EC2 says, in this order.
 * @param has undefined: the lab knows no such instance
 */
export function instanceChanges(has: InstanceState | undefined, says: InstanceState): readonly InstanceChange[] {
  // One that has come and gone meanwhile, or is switched off before its first boot, is nothing to run.
  if (has === undefined) return says.power === 'on' ? ['launch'] : [];
  // The end is not a change: it comes after the address has moved to another one.
  if (has.power === 'gone' || says.power === 'gone') return [];
  return [
    ...(isDeepStrictEqual(has.rules, says.rules) ? [] : (['rules'] as const)),
    ...(has.sourceDestCheck === says.sourceDestCheck ? [] : (['check'] as const)),
    ...(isDeepStrictEqual(has.metadataTags, says.metadataTags) ? [] : (['tags'] as const)),
    ...powerChange(has, says),
  ];
}

/** A stop and start may be over between two looks: then only the later launch time tells of it. */
function powerChange(has: InstanceState, says: InstanceState): readonly ('stop' | 'restart')[] {
  if (says.power === 'off') return has.power === 'on' ? ['stop'] : [];
  return says.started > has.started || has.power === 'off' ? ['restart'] : [];
}

/** EC2's names of an instance's states. Stopping, it still runs for a while, but is on its way. */
export function powerOf({ State }: Instance): InstanceState['power'] {
  const name = required(State?.Name, 'state');
  if (name === 'pending' || name === 'running') return 'on';
  return name === 'stopping' || name === 'stopped' ? 'off' : 'gone';
}
