import type { Endpoint } from './endpoint';
import { query, values } from './other-inventory';

const AUTO_SCALING = ['autoscaling', '2011-01-01'] as const;

/**
 * The states of the instances of the endpoint's groups, by id: `InService`, `Terminating` while target groups drain it,
 * `Terminating:Wait` while a lifecycle hook holds it.
 */
export async function lifecycleStates(endpoint: Endpoint): Promise<ReadonlyMap<string, string>> {
  const groups = await ask(endpoint, 'DescribeAutoScalingGroups');
  const found = groups.matchAll(/<InstanceId>([^<]+)<\/InstanceId>.*?<LifecycleState>([^<]+)<\/LifecycleState>/gs);
  return new Map([...found].map(([, id = '', state = '']) => [id, state]));
}

/** Sets how many hosts the endpoint's only group shall have, as a scaling policy or an operator does. */
export async function setDesired(endpoint: Endpoint, count: number): Promise<void> {
  const [name] = values(await ask(endpoint, 'DescribeAutoScalingGroups'), 'AutoScalingGroupName');
  if (name === undefined) throw new Error('the endpoint has no Auto Scaling group');
  await ask(endpoint, 'SetDesiredCapacity', { AutoScalingGroupName: name, DesiredCapacity: `${count}` });
}

/** Tells the group that a host is unhealthy, as its balancer does: it is replaced once its grace period is over. */
export async function callUnhealthy(endpoint: Endpoint, instanceId: string): Promise<void> {
  const more = { InstanceId: instanceId, HealthStatus: 'Unhealthy', ShouldRespectGracePeriod: 'true' };
  await ask(endpoint, 'SetInstanceHealth', more);
}

function ask(endpoint: Endpoint, action: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const [service, version] = AUTO_SCALING;
  return query(endpoint, service, action, version, more);
}
