import type { Endpoint } from '../aws/endpoint';
import { query, values } from '../aws/other-inventory';
import type { Checks } from '../checks';
import type { Balancer } from './balancer';

/** The longest time from a host's boot until its balancer trusts it, in seconds: two answers, of an emulated processor. */
export const HEALTHY_LIMIT = 120;

/** Checks that a fleet is up: as many hosts as it must have, and the balancer trusts each of them. */
export async function expectHealthy(checks: Checks, balancer: Balancer, count: number): Promise<void> {
  const healthy = () => [...balancer.health.values()].filter((state) => state === 'healthy').length;
  await balancer.until(`${count} healthy hosts`, () => healthy() >= count, HEALTHY_LIMIT);
  checks.passed('deploy', `the balancer sends connections to ${count} hosts`, [...balancer.health.keys()].join(', '));
}

/** What a fleet has beside what other stacks have, by name: what destroy must not leave. */
export async function balancing(endpoint: Endpoint): Promise<readonly string[]> {
  const elb = (action: string) => query(endpoint, 'elasticloadbalancing', action, '2015-12-01');
  const [balancers, targets, groups] = await Promise.all([
    elb('DescribeLoadBalancers'),
    elb('DescribeTargetGroups'),
    query(endpoint, 'autoscaling', 'DescribeAutoScalingGroups', '2011-01-01'),
  ]);
  return [
    ...values(balancers, 'LoadBalancerArn'),
    ...values(targets, 'TargetGroupArn'),
    ...values(groups, 'AutoScalingGroupName').map((name) => `group ${name}`),
  ];
}
