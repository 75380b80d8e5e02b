import {
  DescribeListenerAttributesCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
  type Listener,
  type LoadBalancer,
  paginateDescribeListeners,
  paginateDescribeTargetGroups,
  type TargetGroup,
  type TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { atOnce } from '../at-once';

/** Questions to AWS at a time, which counts them. */
const AT_ONCE = 5;

type Attributes = Readonly<Record<string, string>>;

export interface FoundListener {
  readonly listener: Listener;
  readonly attributes: Attributes;
}

export interface FoundTargetGroup {
  readonly group: TargetGroup;
  readonly attributes: Attributes;
  readonly targets: readonly TargetHealthDescription[];
}

/** A Network Load Balancer as AWS reports it. */
export interface FoundBalancer {
  readonly balancer: LoadBalancer;
  readonly attributes: Attributes;
  readonly listeners: readonly FoundListener[];
  /** Those of the stack, whether a listener leads there or not. */
  readonly targetGroups: readonly FoundTargetGroup[];
}

/**
 * Reads a balancer. Changes nothing.
 * @param targetGroups the ARNs of the stack's
 * @returns undefined if it is gone
 */
export async function readBalancer(
  client: ElasticLoadBalancingV2Client,
  LoadBalancerArn: string,
  targetGroups: readonly string[],
): Promise<FoundBalancer | undefined> {
  const command = new DescribeLoadBalancersCommand({ LoadBalancerArns: [LoadBalancerArn] });
  const { LoadBalancers: [balancer] = [] } = await client.send(command).catch((error: Error) => {
    if (/LoadBalancerNotFound/.test(error.name)) return { LoadBalancers: [] };
    throw error;
  });
  if (balancer === undefined) return undefined;
  const { Attributes } = await client.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn }));
  const listeners: Listener[] = [];
  for await (const { Listeners = [] } of paginateDescribeListeners({ client }, { LoadBalancerArn }))
    listeners.push(...Listeners);
  const groups: TargetGroup[] = [];
  for await (const { TargetGroups = [] } of paginateDescribeTargetGroups({ client }, {}))
    groups.push(...TargetGroups.filter(({ TargetGroupArn: arn = '' }) => targetGroups.includes(arn)));
  return {
    balancer,
    attributes: byKey(Attributes),
    listeners: await atOnce(AT_ONCE, listeners, async (listener) => {
      const one = new DescribeListenerAttributesCommand({ ListenerArn: listener.ListenerArn });
      return { listener, attributes: byKey((await client.send(one)).Attributes) };
    }),
    targetGroups: await atOnce(AT_ONCE, groups, async (group) => {
      const { TargetGroupArn } = group;
      const [own, health] = await Promise.all([
        client.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn })),
        client.send(new DescribeTargetHealthCommand({ TargetGroupArn })),
      ]);
      return { group, attributes: byKey(own.Attributes), targets: health.TargetHealthDescriptions ?? [] };
    }),
  };
}

interface Pair {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

function byKey(pairs: readonly Pair[] = []): Attributes {
  return Object.fromEntries(pairs.map(({ Key = '', Value = '' }) => [Key, Value]));
}
