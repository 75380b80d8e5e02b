import * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import type { Construct } from 'constructs';
import type { Known } from '../../forward/known';
import type { Problems } from '../../forward/problems';
import { readObject } from '../../forward/read-object';
import { readWhole } from '../../forward/read-value';
import type { BalancerMeasured } from './balancer';

/**
 * The load of a host that the number of hosts follows, all hosts' average. With several, hosts come as soon as one of them asks
 * for more, and go when all agree.
 * @category Fleet
 */
export interface ScaleOnProps {
  /**
   * The processors' load, in percent (10-90).
   * @default 50
   * @see docs/capacity.md#hosts-for-a-load
   */
  readonly cpu?: number;
  /**
   * Open TCP connections and UDP flows of a host, as the balancer counts them (100-1000000).
   * @default the number of hosts does not follow them
   * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html
   */
  readonly connections?: number;
  /**
   * What a host sends, to clients and to targets together, in Mbit/s (1-100000).
   * @default the number of hosts does not follow it
   * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html
   */
  readonly megabitsOut?: number;
}

export interface ScaleOn extends ScaleOnProps {
  readonly cpu: number;
}

export const SCALE_ON = { cpu: true, connections: true, megabitsOut: true } satisfies Known<ScaleOnProps>;

/** Half of each processor is free for what comes while a new host boots. */
export const STANDARD: ScaleOn = { cpu: 50 };

/** Reads `capacity.scaleOn`. */
export function readScaleOn(value: unknown, problems: Problems): ScaleOn {
  const at = 'capacity.scaleOn';
  const read = readObject(at, value, { parts: SCALE_ON, example: '{ connections: 20000 }' }, problems);
  const whole = (name: keyof ScaleOnProps, from: number, to: number) =>
    readWhole(`${at}.${name}`, read?.[name], { from, to }, problems);
  const cpu = whole('cpu', 10, 90) ?? STANDARD.cpu;
  const connections = whole('connections', 100, 1_000_000);
  const megabitsOut = whole('megabitsOut', 1, 100_000);
  return {
    cpu,
    ...(connections === undefined ? {} : { connections }),
    ...(megabitsOut === undefined ? {} : { megabitsOut }),
  };
}

/** A metric of the group, which it must be told to send: see Hosts. */
const IN_SERVICE = 'GroupInServiceInstances';

/** The average of EC2's NetworkOut is bytes a minute, with and without detailed monitoring. */
const BYTES_A_MINUTE = (1_000_000 / 8) * 60;

/** A policy for each load. AWS takes the largest number of hosts that one of them asks for. */
export function follow(
  scope: Construct,
  group: autoscaling.CfnAutoScalingGroup,
  { cpu, connections, megabitsOut }: ScaleOn,
  balancer: BalancerMeasured,
): void {
  const policy = (id: string, configuration: autoscaling.CfnScalingPolicy.TargetTrackingConfigurationProperty) =>
    new autoscaling.CfnScalingPolicy(scope, id, {
      ...{ autoScalingGroupName: group.ref, policyType: 'TargetTrackingScaling' },
      targetTrackingConfiguration: configuration,
    });
  const predefined = (predefinedMetricType: string) => ({ predefinedMetricSpecification: { predefinedMetricType } });
  policy('Load', { ...predefined('ASGAverageCPUUtilization'), targetValue: cpu });
  if (connections !== undefined)
    policy('Connections', {
      customizedMetricSpecification: { metrics: connectionsOfHost(group, balancer) },
      targetValue: connections,
    });
  if (megabitsOut !== undefined)
    policy('Traffic', { ...predefined('ASGAverageNetworkOut'), targetValue: megabitsOut * BYTES_A_MINUTE });
}

/**
 * The flows of all zones, divided by the hosts. Each zone's balancer reports its own, and their average over the balancer
 * would be that of the zones.
 */
function connectionsOfHost(
  group: autoscaling.CfnAutoScalingGroup,
  { name: fullName, zones }: BalancerMeasured,
): autoscaling.CfnScalingPolicy.TargetTrackingMetricDataQueryProperty[] {
  const query = (id: string, namespace: string, metricName: string, dimensions: Readonly<Record<string, string>>) => ({
    id,
    metricStat: {
      metric: {
        ...{ namespace, metricName },
        dimensions: Object.entries(dimensions).map(([name, value]) => ({ name, value })),
      },
      stat: 'Average',
    },
    returnData: false,
  });
  const flows = zones.map((zone, i) =>
    query(`zone${i + 1}`, 'AWS/NetworkELB', 'ActiveFlowCount', { AvailabilityZone: zone, LoadBalancer: fullName }),
  );
  return [
    ...flows,
    query('hosts', 'AWS/AutoScaling', IN_SERVICE, { AutoScalingGroupName: group.ref }),
    { id: 'each', expression: `(${flows.map(({ id }) => id).join(' + ')}) / hosts`, returnData: true },
  ];
}
