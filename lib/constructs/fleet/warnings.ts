import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { earlyWarnings } from '../early-warnings';
import { type SentMetrics, sentMetric, trafficWarnings, type Warning } from '../traffic-warnings';
import type { BalancerMeasured } from './balancer';

/** What a fleet's alarms and dashboard are about. */
export interface FleetMeasured {
  readonly balancer: BalancerMeasured;
  /** The Auto Scaling group's name. */
  readonly group: string;
  /** The fewest hosts at any time. */
  readonly min: number;
  /** What the hosts send themselves. Omitted: nothing. */
  readonly sent?: SentMetrics;
}

/** A metric of the balancer; `of` are further dimensions, such as a target group. */
export function balancerMetric(
  { name }: BalancerMeasured,
  metricName: string,
  statistic: string,
  minutes: number,
  of: Readonly<Record<string, string>> = {},
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    ...{ namespace: 'AWS/NetworkELB', metricName, statistic, dimensionsMap: { LoadBalancer: name, ...of } },
    period: Duration.minutes(minutes),
  });
}

/** What EC2 measures of all hosts together. */
export function hostsMetric(group: string, metricName: string, statistic: string): cloudwatch.Metric {
  return new cloudwatch.Metric({
    ...{ namespace: 'AWS/EC2', metricName, statistic, dimensionsMap: { AutoScalingGroupName: group } },
    period: Duration.minutes(5),
  });
}

/** How many hosts the group has. It tells only if its metrics are collected. */
export function groupMetric(group: string): cloudwatch.Metric {
  return new cloudwatch.Metric({
    ...{ namespace: 'AWS/AutoScaling', metricName: 'GroupInServiceInstances', statistic: 'Minimum' },
    ...{ dimensionsMap: { AutoScalingGroupName: group }, period: Duration.minutes(1) },
  });
}

/** The healthy hosts of a target group in a zone: each zone's balancer counts its own. */
function healthyIn(balancer: BalancerMeasured, targetGroup: string, zone: string): cloudwatch.Metric {
  const of = { TargetGroup: targetGroup, AvailabilityZone: zone };
  return balancerMetric(balancer, 'HealthyHostCount', 'Maximum', 1, of);
}

/** The healthy hosts of a target group. A zone whose balancer counts none may say nothing. */
export function healthyHosts(balancer: BalancerMeasured, targetGroup: string): cloudwatch.MathExpression {
  return ofZones(balancer, targetGroup, 'Healthy hosts', (zones) => zones.join(' + '));
}

/** The same; 0 as soon as a zone has none. At most one metric a zone, of which there are six, so CloudWatch's limit of ten is far. */
function healthyInEachZone(balancer: BalancerMeasured, targetGroup: string): cloudwatch.MathExpression {
  return ofZones(balancer, targetGroup, 'Healthy hosts, if each zone has one', (zones) =>
    [`(${zones.join(' + ')})`, ...zones.map((zone) => `(${zone} > 0)`)].join(' * '),
  );
}

function ofZones(
  balancer: BalancerMeasured,
  targetGroup: string,
  label: string,
  expression: (zones: readonly string[]) => string,
): cloudwatch.MathExpression {
  const zones = balancer.zones.map((zone, i) => [`z${i + 1}`, healthyIn(balancer, targetGroup, zone)] as const);
  return new cloudwatch.MathExpression({
    expression: expression(zones.map(([id]) => `FILL(${id}, 0)`)),
    usingMetrics: Object.fromEntries(zones),
    ...{ period: Duration.minutes(1), label },
  });
}

const { GREATER_THAN_THRESHOLD: ABOVE, LESS_THAN_THRESHOLD: BELOW } = cloudwatch.ComparisonOperator;
const { BREACHING, MISSING, NOT_BREACHING } = cloudwatch.TreatMissingData;

const LOOK = 'Look which: the target group in the EC2 console, and why: npx portway logs';

/** A fleet's alarms, by name. A single host's status checks have none here: the group replaces such a host. */
export function fleetWarnings(measured: FleetMeasured, instanceType: string): Readonly<Record<string, Warning>> {
  const { balancer, group, min, sent } = measured;
  const { Busy: busy } = earlyWarnings(instanceType);
  if (busy === undefined) throw new Error('a processor of any type may be busy: see earlyWarnings');
  // The balancer asks the same port of the same hosts for each target group, so any of them tells how a host is. What differs between
  // groups is who is registered, which Healthy-… sees in each.
  const [[, first] = ['', '']] = Object.entries(balancer.groups);
  const sum = (metricName: string) => balancerMetric(balancer, metricName, 'Sum', 5);
  return {
    ...Object.fromEntries(
      Object.entries(balancer.groups).map(([port, targetGroup]): [string, Warning] => [
        `Healthy-${port}`,
        {
          metric: healthyInEachZone(balancer, targetGroup),
          ...{ periods: 5, threshold: min, operator: BELOW, missing: BREACHING },
          text: `for 5 minutes fewer than ${min} hosts, or none in one of the zones, have been healthy for ${port.replace('-', ' ')}. ${LOOK}`,
        },
      ]),
    ),
    Unhealthy: {
      metric: balancerMetric(balancer, 'UnHealthyHostCount', 'Maximum', 1, { TargetGroup: first }),
      ...{ periods: 15, threshold: 0, operator: ABOVE, missing: NOT_BREACHING },
      text: `for 15 minutes a host has been unhealthy, and the group has not replaced it, or its successors fail too. ${LOOK}`,
    },
    ...Object.fromEntries(
      balancer.zones.map((zone, i): [string, Warning] => [
        `Zone${i + 1}`,
        {
          metric: healthyIn(balancer, first, zone),
          ...{ periods: 3, threshold: 1, operator: BELOW, missing: BREACHING },
          text: `for 3 minutes the zone number ${i + 1} has had no healthy host: clients that know its address alone get no answer. ${LOOK}`,
        },
      ]),
    ),
    BelowMin: {
      metric: groupMetric(group),
      ...{ periods: 5, threshold: min, operator: BELOW, missing: MISSING },
      text: `for 5 minutes the group has had fewer than ${min} hosts in service. Look why it starts none: the activity of the Auto Scaling group, such as a quota or a zone without that type`,
    },
    Rejected: {
      unusual: sum('SecurityGroupBlockedFlowCount_Inbound_TCP'),
      ...{ periods: 3, missing: NOT_BREACHING },
      text: "for 15 minutes the balancer's security group has rejected more connections than is usual at this time of the week: somebody looks for open ports, or a source that clients use is not allowed. Look at allowFrom, and at flow logs",
    },
    BlockedToHosts: {
      metric: sum('SecurityGroupBlockedFlowCount_Outbound_TCP'),
      ...{ periods: 1, threshold: 0, operator: ABOVE, missing: NOT_BREACHING },
      text: "the balancer's security group has rejected connections to the hosts: somebody changed its rules. Look at them, and compare: npx cdk drift",
    },
    Ports: {
      metric: sum('PortAllocationErrorCount'),
      ...{ periods: 1, threshold: 0, operator: ABOVE, missing: NOT_BREACHING },
      text: 'the balancer had no port left for connections to a host, and dropped them. Look how many connections there are; more hosts help: capacity.min',
    },
    Busy: {
      ...busy,
      metric: hostsMetric(group, busy.metricName, busy.statistic),
      missing: MISSING,
      text: 'the hosts together have been busy to more than 80 % for 15 minutes: the group is at its largest, or does not grow. Look at its activity; raise capacity.max, or take a larger instanceType',
    },
    ...(sent === undefined ? {} : sentWarnings(sent, min)),
  };
}

/** Seldom an event comes a minute late, so that another period has it. */
const LATE = 2;

/** Alarms on what the hosts send: sums and bounds over all of them. */
function sentWarnings(sent: SentMetrics, min: number): Readonly<Record<string, Warning>> {
  return {
    ...trafficWarnings(sent),
    Silent: {
      // Each host tells once a minute.
      metric: sentMetric(sent, 'Connections', 'SampleCount', 5),
      ...{ periods: 2, threshold: 5 * min - LATE, operator: BELOW, missing: BREACHING },
      text: `for 10 minutes fewer than ${min} hosts have told CloudWatch what they carry. Look which: the field Host of the events, and why: npx portway logs`,
    },
  };
}
