import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkFleet } from '../../lib/check-fleet';
import { hostContent } from '../../lib/host/host-content';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';
import type { Plan } from '../../lib/plan/plan';
import { printPlan } from '../../lib/plan/print';
import { CANONICAL_FLEETS, ofType, problems, synthesizeFleet } from '../support/fleet';

const monitored = CANONICAL_FLEETS['fleet-monitored'] as NonNullable<(typeof CANONICAL_FLEETS)[string]>;
const { template, stack, assembly } = synthesizeFleet(monitored);

interface Alarm {
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly Metrics?: readonly { readonly Expression?: string }[];
  readonly Threshold?: number;
  readonly TreatMissingData: string;
  readonly AlarmDescription: string;
  readonly AlarmActions: readonly unknown[];
}

const [[, dashboard] = []] = ofType(template, 'AWS::CloudWatch::Dashboard');
const board = JSON.stringify(dashboard?.Properties.DashboardBody);

/** The alarms by their names, without the CDK's hash. */
const alarms = Object.fromEntries(
  ofType(template, 'AWS::CloudWatch::Alarm').map(([id, { Properties, DependsOn }]) => [
    id.replace(/^FleetWatch|[0-9A-F]{8}$/g, ''),
    { ...(Properties as unknown as Alarm), DependsOn },
  ]),
);

describe('alarms of a fleet', () => {
  test('are on each target group, each zone, the group, and what the hosts send', () => {
    expect(Object.keys(alarms).toSorted()).toEqual(
      [
        ...['HealthyTCP80', 'HealthyTCPUDP443', 'HealthyUDP27015', 'Unhealthy', 'Zone1', 'Zone2', 'BelowMin'],
        ...['Rejected', 'BlockedToHosts', 'Ports', 'Busy', 'Silent', 'Refused', 'Tracked', 'Disk'],
        ...['Failingweb', 'Failingsecure', 'Certificatesecure'],
      ].toSorted(),
    );
  });

  test('tell a topic what to look at, and see the fleet only once its hosts have reported', () => {
    const [[group = ''] = []] = ofType(template, 'AWS::AutoScaling::AutoScalingGroup');
    for (const { AlarmActions, AlarmDescription, Dimensions = [], DependsOn = [] } of Object.values(alarms)) {
      expect(AlarmActions).toEqual([{ Ref: expect.stringMatching(/^FleetAlarmTopic/) }]);
      expect(AlarmDescription).toMatch(/^Portway: .*[Ll]ook .*README\.md#alarms\)$/s);
      expect([...DependsOn, ...Dimensions.map(({ Value }) => (Value as { Ref?: string }).Ref)]).toContain(group);
    }
  });

  test('sum the healthy hosts of all zones, and miss a zone that says nothing', () => {
    expect(alarms.HealthyTCP80).toMatchObject({ Threshold: 2, TreatMissingData: 'breaching' });
    expect(board).toContain('FILL(z1, 0) + FILL(z2, 0)');
    const zones = ['Zone1', 'Zone2'].map((name) => alarms[name]?.Dimensions);
    expect(zones.map((all) => all?.map(({ Name }) => Name))).toEqual(
      zones.map(() => ['AvailabilityZone', 'LoadBalancer', 'TargetGroup']),
    );
    expect(JSON.stringify(zones[0])).not.toBe(JSON.stringify(zones[1]));
    expect(alarms.Zone1).toMatchObject({ Threshold: 1, TreatMissingData: 'breaching' });
  });

  test.each(['HealthyTCP80', 'HealthyTCPUDP443', 'HealthyUDP27015'])(
    '%s sees too few hosts of its own target group, also in one zone alone',
    (name) => {
      const [text = ''] = alarms[name]?.Metrics?.flatMap(({ Expression }) => Expression ?? []) ?? [];
      // What CloudWatch's language has in common with JavaScript: a comparison counts as 1 or 0.
      const hosts = new Function('z1', 'z2', 'FILL', `return ${text}`);
      const isBelow = (z1?: number, z2?: number) =>
        hosts(z1, z2, (value: number | undefined, other: number) => value ?? other) < (alarms[name]?.Threshold ?? 0);
      expect([isBelow(1, 1), isBelow(2, 1), isBelow(3, 2)]).toEqual([false, false, false]);
      expect([isBelow(1, 0), isBelow(3, 0), isBelow(0, 4), isBelow(2), isBelow()]).toEqual(Array(5).fill(true));
      const groups = JSON.stringify(alarms[name]?.Metrics).match(/FleetBalancer\w+?TargetGroupFullName/g) ?? [];
      expect(new Set(groups).size).toBeLessThanOrEqual(1);
    },
  );

  test('of silence allow an event to be late, and none of a host to be missing', () => {
    // Five a host in 5 minutes: with one of two silent there are 5.
    expect(alarms.Silent).toMatchObject({ Threshold: 8, TreatMissingData: 'breaching' });
  });
});

test('the group tells how many hosts it has only to a fleet that asks', () => {
  const [[, group] = []] = ofType(template, 'AWS::AutoScaling::AutoScalingGroup');
  expect(group?.Properties.MetricsCollection).toEqual([
    { Granularity: '1Minute', Metrics: ['GroupInServiceInstances'] },
  ]);
  const [[, other] = []] = ofType(synthesizeFleet().template, 'AWS::AutoScaling::AutoScalingGroup');
  expect(other?.Properties).not.toHaveProperty('MetricsCollection');
});

test('hosts may write to streams that the stack made, and make none', () => {
  const rights = ofType(template, 'AWS::IAM::Policy').flatMap(
    ([, { Properties }]) => (Properties.PolicyDocument as { Statement: readonly { Action: unknown }[] }).Statement,
  );
  const ofLogs = rights.filter(({ Action }) => JSON.stringify(Action).includes('logs:'));
  expect(ofLogs.map(({ Action }) => Action)).toEqual(['logs:PutLogEvents']);
  const written = JSON.stringify(ofLogs).match(/(?<=:log-group:)[^"]+/g) ?? [];
  const made = ofType(template, 'AWS::Logs::LogStream').map(([, { Properties }]) => Properties.LogStreamName);
  const group = '/portway/Fleet';
  expect(written.toSorted()).toEqual([
    ...['access', 'bootstrap', 'error'].map((name) => `${group}/logs:log-stream:${name}`),
    `${group}:log-stream:metrics`,
  ]);
  expect(made).toEqual(['metrics', 'bootstrap', 'access', 'error']);
  const [[, pointer] = []] = ofType(template, 'AWS::SSM::Parameter').filter(([id]) => id.includes('Pointer'));
  const groups = ofType(template, 'AWS::Logs::LogGroup');
  expect(groups.map(([, { Properties }]) => Properties.RetentionInDays)).toEqual([7, 7]);
  expect(pointer?.DependsOn).toEqual(expect.arrayContaining(groups.map(([id]) => id)));
});

test('each host opens its metrics to those who may ask, and the balancer does not', () => {
  const opened = ofType(template, 'AWS::EC2::SecurityGroupIngress').filter(([, r]) => r.Properties.FromPort === 9464);
  expect(opened.map(([id, { Properties }]) => [id.startsWith('FleetFirewall'), Properties.CidrIp])).toEqual([
    [true, '10.0.5.0/24'],
  ]);
});

test("a fleet's events name their host, and a single one's do not", () => {
  const { forwards, settings } = checkFleet(monitored());
  const common = { name: 'Fleet', forwards, settings, os: OPERATING_SYSTEMS['debian-13'] };
  const of = (more: object) =>
    JSON.parse(
      hostContent({ ...common, ...more }).files.find(({ path }) => path === '/etc/portway/cloudwatch.json')?.text ?? '',
    );
  expect(of({ live: true, inFleet: true })).toMatchObject({ gateway: 'Fleet', stream: 'metrics', host: true });
  expect(of({})).not.toHaveProperty('host');
});

test('the dashboard shows balancer, group and hosts, none of them by an instance', () => {
  for (const name of [
    'NewFlowCount',
    'ProcessedBytes',
    'PortAllocationErrorCount',
    'GroupInServiceInstances',
    'HealthyHostCount',
    'CPUUtilization',
    'Requests',
  ])
    expect(board).toContain(name);
  expect(board).not.toContain('InstanceId');
});

test('the plan says what alarms, dashboard and the metrics of all hosts cost', () => {
  const plan: Plan = JSON.parse(readFileSync(join(assembly.directory, `${stack.artifactId}.plan.json`), 'utf8'));
  expect(plan.gateway.alarms).toMatchObject({ count: Object.keys(alarms).length });
  const metrics = plan.gateway.metrics;
  expect(metrics?.dollarsAMonth).toBeCloseTo((metrics?.count ?? 0) * 0.3 + 2 * 4 * 0.015, 2);
  expect(printPlan('Fleet', plan)).toMatch(/18 alarms: \$\d+\.\d\d a month/);
});

test.each<[string, object, RegExp]>([
  [
    'metrics on the port of the health checks',
    { prometheus: { from: ['10.0.5.0/24'], port: 10_256 } },
    /^monitoring\.prometheus\.port must be another port on a fleet: .*, got: 10256$/,
  ],
  ['nothing', {}, /^monitoring must hold prometheus/],
])('refuses %s', (_, monitoring, expected) => {
  const found = problems({ monitoring });
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(expected);
});
