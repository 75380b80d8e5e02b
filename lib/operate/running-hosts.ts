import type { EC2Client, Instance } from '@aws-sdk/client-ec2';
import { logicalId, stackInstances, stemOf } from './instance';
import type { StackHosts } from './stack-hosts';

/** A host that runs. */
export interface RunningHost {
  /** Its number among the hosts that run now, from 1 for the oldest. */
  readonly number: number;
  readonly instanceId: string;
  /** Such as `eu-central-1a`. */
  readonly zone: string;
  readonly launched: Date;
  /** Its public address. Undefined: it has none. */
  readonly address: string | undefined;
}

/**
 * The running hosts of a gateway or a fleet, the oldest first. Changes nothing.
 * @throws Error if none runs
 */
export async function runningHosts(client: EC2Client, hosts: StackHosts): Promise<readonly RunningHost[]> {
  const { path, stackName, instanceId } = hosts;
  const own = (await stackInstances(client, stackName)).filter(
    (one) => stemOf(logicalId(one) ?? instanceId) === stemOf(instanceId) && one.State?.Name !== 'terminated',
  );
  const running = own.filter((one) => one.State?.Name === 'running').toSorted(byAge);
  if (running.length === 0)
    throw new Error(
      `${path} has no running host here${own.map((one) => `; ${one.InstanceId} is ${one.State?.Name}`).join('')}`,
    );
  return running.map((one, i) => ({
    number: i + 1,
    instanceId: one.InstanceId ?? '',
    zone: one.Placement?.AvailabilityZone ?? '',
    launched: new Date(launchedAt(one)),
    address: one.PublicIpAddress,
  }));
}

/** Hosts of one moment are told apart by their ids, so that numbers stay. */
function byAge(a: Instance, b: Instance): number {
  return launchedAt(a) - launchedAt(b) || ((a.InstanceId ?? '') < (b.InstanceId ?? '') ? -1 : 1);
}

function launchedAt({ LaunchTime }: Instance): number {
  return LaunchTime?.getTime() ?? 0;
}

/**
 * One of the running hosts.
 *
 * @param name its instance id, its number, or its zone if it is alone there. Undefined: the only one, and of a single gateway
 * the newest: while a host is replaced, that is the one without the address yet
 * @throws Error that lists the hosts, if the name is missing or fits none or several
 */
export function chosenHost(
  running: readonly RunningHost[],
  name: string | undefined,
  { path, max }: Pick<StackHosts, 'path' | 'max'>,
): RunningHost {
  const fitting =
    name === undefined
      ? running.slice(max === undefined ? -1 : 0)
      : running.filter(({ number, instanceId, zone }) => [`${number}`, instanceId, zone].includes(name));
  const [one, ...more] = fitting;
  if (one !== undefined && more.length === 0) return one;
  const which = name === undefined ? 'must be named' : `must be one of these, got: ${name}`;
  const listed = running.map(({ number, instanceId, zone, launched, address = 'no public address' }) =>
    [`${number}`, instanceId, zone, `since ${launched.toISOString().replace(/\.\d+/, '')}`, address].join('  '),
  );
  throw new Error(
    [`the host of ${path} ${which} (by its number, its id, or its zone if it is alone there)`, ...listed].join('\n'),
  );
}
