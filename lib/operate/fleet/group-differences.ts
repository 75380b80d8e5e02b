import type { Instance } from '@aws-sdk/client-auto-scaling';
import { type FoundGroup, launchedBy } from './found-group';
import type { PromisedGroup } from './promised-fleet';
import { propertyDifferences } from './property-differences';
import type { StackResources } from './stack-resources';

/** What is found of a part of a fleet. */
export interface Told {
  /** A line for each difference. */
  readonly differences: readonly string[];
  /** What is worth knowing and no difference. */
  readonly notes: readonly string[];
}

const COMPARED = ['MinSize', 'MaxSize', 'HealthCheckType', 'HealthCheckGracePeriod', 'DefaultInstanceWarmup'] as const;

/** What stops with a process of the group that somebody suspended. */
const STOPS: Readonly<Record<string, string>> = {
  Launch: 'no host comes',
  Terminate: 'no host goes',
  HealthCheck: 'nobody looks whether hosts are well',
  ReplaceUnhealthy: 'nobody replaces a host that fails',
  AZRebalance: 'a zone may stay without a host',
  AlarmNotification: 'the number of hosts does not follow the load',
  AddToLoadBalancer: 'new hosts get no connections',
};

/** Whether a host of the group is one that serves. */
export const isInService = ({ LifecycleState }: Instance): boolean => LifecycleState === 'InService';

/** Whether a host of the group boots. */
const isComing = ({ LifecycleState }: Instance): boolean => /^Pending/.test(LifecycleState ?? '');

/**
 * Whether a host of the group leaves: it drains, or its hook holds it. One that is retained stays until somebody ends it.
 * @see https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html
 */
export const isGoing = ({ LifecycleState }: Instance): boolean =>
  /^(Terminat(?!ing:Retained)|Detach)/.test(LifecycleState ?? '');

/**
 * Compares a group with its template. Pure.
 * @param isChanging whether a deploy replaces its hosts now: then it suspends processes, and hosts differ
 */
export function groupDifferences(
  promised: PromisedGroup,
  { group, hooks, policies, newest }: FoundGroup,
  resources: StackResources,
  isChanging: boolean,
): Told {
  const found = group as unknown as Readonly<Record<string, unknown>>;
  const names = (ids: readonly string[]) => ids.map((id) => resources.name(id));
  const differs = (what: string, must: unknown, is: unknown) =>
    propertyDifferences({ what: `${what} of the group`, must, is });
  // What only the deploy knows matches anything.
  const lists = (what: string, must: readonly string[], is: readonly string[]) =>
    must.includes('') ? [] : differs(what, must.toSorted().join(', ') || 'none', is.toSorted().join(', ') || 'none');
  const { template, types } = launchedBy(group);
  const version = template?.Version;
  const { lagging, few, moving } = countDifferences(group.Instances ?? [], {
    ...{ desired: group.DesiredCapacity ?? 0, version, subnets: promised.subnets.length },
  });
  const passing = [
    ...(group.SuspendedProcesses ?? []).map(({ ProcessName: name = '' }) => {
      const stops = STOPS[name] === undefined ? '' : `: ${STOPS[name]}`;
      return `the process ${name} of the group is suspended${stops}`;
    }),
    ...lagging,
    ...few,
  ];
  const lasting = [
    ...COMPARED.flatMap((name) => differs(name, promised.properties[name], found[name])),
    ...lists('the subnets', names(promised.subnets), (group.VPCZoneIdentifier ?? '').split(',').filter(Boolean)),
    ...lists('the target groups', names(promised.targetGroups), group.TargetGroupARNs ?? []),
    ...differs('the launch template', resources.name(promised.launchTemplateId), template?.LaunchTemplateId),
    ...differs('the types by preference', promised.types.join(', ') || 'none', types.join(', ') || 'none'),
    ...names(promised.hooks)
      .filter((name) => !hooks.includes(name))
      .map((name) => `the group must have its lifecycle hook ${name}, by which hosts linger before they end`),
    ...names(promised.policies)
      .filter((arn) => !policies.includes(arn))
      .map(() => 'the group must have its scaling policy, by which the number of hosts follows the load'),
    ...(newest === undefined || isChanging || newest === version
      ? []
      : [
          `the group launches hosts of version ${version} of the launch template, and the newest is ${newest}: somebody made a version by hand, or chose one`,
        ]),
  ];
  if (isChanging)
    return { differences: lasting, notes: ['a deploy is running: it replaces hosts', ...passing, ...moving] };
  return { differences: [...lasting, ...passing], notes: moving };
}

/** `moving`: what passes by itself, since hosts come and go with the load. */
function countDifferences(
  instances: readonly Instance[],
  {
    desired,
    version,
    subnets,
  }: { readonly desired: number; readonly version: string | undefined; readonly subnets: number },
) {
  const serving = instances.filter(isInService);
  const coming = instances.filter(isComing);
  const zonesOf = (some: readonly Instance[]) => new Set(some.map(({ AvailabilityZone }) => AvailabilityZone));
  const zones = zonesOf(serving);
  const states = (some: readonly Instance[]) =>
    some.map(({ InstanceId, LifecycleState, HealthStatus }) => `${InstanceId} is ${LifecycleState}, ${HealthStatus}`);
  const number = `the group must have ${desired} hosts in service, got: ${serving.length}`;
  const where = `hosts in service must be in ${subnets} zones, got: ${[...zones].toSorted().join(', ') || 'none'}: the other zone's address leads to none`;
  // What the hosts that come will make good.
  const isMadeGood = serving.length + coming.length >= desired;
  const isMadeGoodThere = zonesOf([...serving, ...coming]).size >= subnets;
  const isFew = serving.length < desired;
  const isElsewhere = zones.size < subnets;
  return {
    lagging: serving
      .filter(({ LaunchTemplate }) => LaunchTemplate?.Version !== version)
      .map(
        ({ InstanceId, LaunchTemplate }) =>
          `${InstanceId} lags behind: it was made of version ${LaunchTemplate?.Version ?? 'none'} of the launch template, and the group's is ${version}`,
      ),
    few: [
      ...(isFew && !isMadeGood ? [number] : []),
      ...states(
        instances.filter(
          (one) => !isComing(one) && !isGoing(one) && !(isInService(one) && one.HealthStatus === 'Healthy'),
        ),
      ),
      ...(isElsewhere && !isMadeGoodThere ? [where] : []),
    ],
    moving: [
      ...(isFew && isMadeGood ? [`${number}; ${coming.length} more boot`] : []),
      ...states(instances.filter((one) => isComing(one) || isGoing(one))),
      ...(isElsewhere && isMadeGoodThere ? [`${where}, until the host that boots there serves`] : []),
    ],
  };
}
