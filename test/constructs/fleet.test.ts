import { App, LegacyStackSynthesizer, Stack } from 'aws-cdk-lib';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks, PCIDSS321Checks } from 'cdk-nag';
import { checkFleet } from '../../lib/check-fleet';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { fleetLines, plannedFleet } from '../../lib/plan/fleet';
import { PortwayFleet } from '../../lib/portway-fleet';
import type { PortwayFleetProps } from '../../lib/portway-fleet-props';
import { featureFlags } from '../snapshots/synthesize';
import { CANONICAL_FLEETS, canonicalFleet, type FleetTemplate, ofType, SMALL, synthesizeFleet } from '../support/fleet';

const small = (more: Partial<PortwayFleetProps>) => synthesizeFleet(() => ({ ...SMALL, ...more })).template;
const tcp = (listen: number | string) => Forward.tcp({ listen, to: `10.0.9.1:${listen}`, engine: 'iptables' });

const only = (template: FleetTemplate, type: string) => {
  const [first, ...others] = ofType(template, type);
  expect(others).toEqual([]);
  return first?.[1] as NonNullable<typeof first>[1];
};

describe('the template of a fleet', () => {
  const template = synthesizeFleet(canonicalFleet).template;

  test('has one listener a port, and asks each host on a port that only the balancer reaches', () => {
    const listeners = ofType(template, 'AWS::ElasticLoadBalancingV2::Listener').map(([, l]) => l.Properties);
    expect(listeners.map(({ Port, Protocol }) => [Port, Protocol])).toEqual([
      ...[
        [80, 'TCP'],
        [443, 'TCP_UDP'],
        [27015, 'UDP'],
      ],
    ]);
    for (const [, { Properties }] of ofType(template, 'AWS::ElasticLoadBalancingV2::TargetGroup'))
      expect(Properties).toMatchObject({ HealthCheckPort: '10256', HealthCheckProtocol: 'HTTP' });
    const admitted = ofType(template, 'AWS::EC2::SecurityGroupIngress')
      .map(([, { Properties: p }]) => p)
      .filter((p) => p.FromPort === 10_256);
    expect(admitted).toEqual([expect.objectContaining({ SourceSecurityGroupId: expect.anything() })]);
    expect(admitted[0]).not.toHaveProperty('CidrIp');
  });

  test('opens 22 to the admin on the hosts, and never on the balancer', () => {
    const ssh = ofType(template, 'AWS::EC2::SecurityGroupIngress').filter(([, r]) => r.Properties.FromPort === 22);
    expect(ssh.map(([id, { Properties }]) => [id.startsWith('FleetFirewall'), Properties.CidrIp])).toEqual([
      [true, '203.0.113.7/32'],
    ]);
  });

  test('waits for as many reports as hosts run at any time', () => {
    const group = only(template, 'AWS::AutoScaling::AutoScalingGroup');
    expect(group).toMatchObject({
      CreationPolicy: { ResourceSignal: { Count: 2, Timeout: 'PT15M' } },
      UpdatePolicy: { AutoScalingRollingUpdate: { WaitOnResourceSignals: true, MinInstancesInService: 2 } },
    });
    // Deploys must not undo what the load asked for.
    expect(group.Properties).not.toHaveProperty('DesiredCapacity');
    const live = only(template, 'AWS::CloudFormation::WaitCondition');
    expect(live).toMatchObject({ CreationPolicy: { ResourceSignal: { Count: 2, Timeout: 'PT35M' } } });
    expect(live.DependsOn).toEqual(['FleetPartPointer6EB8D77F']);
  });

  test('has neither functions nor assets nor resources of its own kind', () => {
    const types = new Set(Object.values(template.Resources).map(({ Type }) => Type));
    expect([...types].filter((type) => /Lambda|^Custom|CloudFormation::CustomResource/.test(type))).toEqual([]);
  });
});

test('a port that begins to take UDP keeps its listener, and gets another target group', () => {
  const secret = secretsmanager.Secret.fromSecretNameV2(new Stack(new App(), 'Team'), 'Certificate', 'www');
  const secure = (http3: boolean) =>
    small({
      forwards: {
        web: Forward.https({ listen: 443, to: '10.0.9.1:80', tls: Tls.secret(secret), http3 }),
      },
    });
  const ids = (template: FleetTemplate, type: string) => ofType(template, type).map(([id]) => id);
  const [before, after] = [secure(false), secure(true)];
  const [LISTENER, GROUP] = ['Listener', 'TargetGroup'].map((name) => `AWS::ElasticLoadBalancingV2::${name}`) as [
    string,
    string,
  ];
  expect(ids(after, LISTENER)).toEqual(ids(before, LISTENER));
  expect(ids(after, GROUP)).not.toEqual(ids(before, GROUP));
  // WebSockets that are silent for long.
  expect(only(after, LISTENER).Properties).toMatchObject({
    Protocol: 'TCP_UDP',
    ListenerAttributes: [{ Key: 'tcp.idle_timeout.seconds', Value: '6000' }],
  });
});

test('takes addresses of a team, one a zone, and makes none', () => {
  const eips = [10, 11].map((i) => ({ allocationId: `eipalloc-0123456789abcde${i}`, publicIp: `203.0.113.${i}` }));
  const template = small({ eips });
  expect(ofType(template, 'AWS::EC2::EIP')).toEqual([]);
  const mappings = only(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer').Properties.SubnetMappings;
  expect(mappings).toMatchObject(eips.map(({ allocationId }) => ({ AllocationId: allocationId })));
  expect(template).toMatchObject({ Outputs: { Addresses: { Value: '203.0.113.10,203.0.113.11' } } });
});

test('is refused without a bucket, with nothing that a fleet refuses as the way out', () => {
  expect(() => small({ synthesizer: new LegacyStackSynthesizer() as never })).toThrow(
    /^content must be at most \d+ bytes in a template that is sent without a bucket: bootstrap the account and leave out -c bootstrapless=true\. The template may /,
  );
});

test('another min is another condition, since CloudFormation updates none', () => {
  const condition = (min: number) =>
    ofType(small({ capacity: { min, max: 6 } }), 'AWS::CloudFormation::WaitCondition').map(([id]) => id);
  const [two, three] = [condition(2), condition(3)];
  expect(three).not.toEqual(two);
  // The host takes the content's hash from its end.
  expect(three[0]?.slice(-16)).toBe(two[0]?.slice(-16));
  expect(condition(3)).toEqual(three);
});

test('rules between the balancer and the hosts are one for each port, and fewer where they would be too many', () => {
  const rules = (ports: string) => {
    const forwards = {
      tcp: tcp(ports),
      udp: Forward.udp({ listen: ports, to: `10.0.9.1:${ports}`, engine: 'iptables' }),
    };
    const template = small({ forwards });
    const own = (type: string) =>
      ofType(template, type)
        .filter(([id]) => /FromBalancer|ToHosts/i.test(id))
        .map(([, { Properties: p }]) => `${p.IpProtocol} ${p.FromPort}-${p.ToPort}`);
    expect(own('AWS::EC2::SecurityGroupEgress')).toEqual(own('AWS::EC2::SecurityGroupIngress'));
    return own('AWS::EC2::SecurityGroupIngress').toSorted();
  };
  expect(rules('6000-6001')).toEqual([
    'tcp 10256-10256',
    ...['tcp 6000-6000', 'tcp 6001-6001', 'udp 6000-6000', 'udp 6001-6001'],
  ]);
  expect(rules('6000-6029')).toEqual(['tcp 10256-10256', 'tcp 6000-6029', 'udp 6000-6029']);
});

test('a balancer that speaks the PROXY protocol keeps no addresses there, and lets clients in as before', () => {
  const web = (own: object) => ({
    web: Forward.http({ listen: 80, to: '10.0.9.1:80', allowFrom: ['198.51.100.0/24'], ...own }),
    plain: tcp(81),
  });
  const before = small({ forwards: web({}) });
  const after = small({ forwards: web({ proxyProtocol: { accept: 'balancer' } }) });
  const attributes = (template: FleetTemplate) =>
    ofType(template, 'AWS::ElasticLoadBalancingV2::TargetGroup').map(([, { Properties }]) =>
      (Properties.TargetGroupAttributes as { Key: string; Value: string }[])
        .filter(({ Key }) => !Key.startsWith('deregistration'))
        .map(({ Key, Value }) => `${Key} ${Value}`),
    );
  expect(attributes(after)).toEqual([
    ['preserve_client_ip.enabled false', 'proxy_protocol_v2.enabled true'],
    ['preserve_client_ip.enabled true'],
  ]);
  expect(attributes(before)).toEqual([['preserve_client_ip.enabled true'], ['preserve_client_ip.enabled true']]);
  const rules = (template: FleetTemplate) => ofType(template, 'AWS::EC2::SecurityGroupIngress');
  expect(rules(after)).toEqual(rules(before));
  // Only the balancer's own subnets may name clients.
  const subnets = ofType(after, 'AWS::EC2::Subnet').map(([, { Properties }]) => Properties.CidrBlock);
  expect(subnets).toEqual(['10.0.0.0/24', '10.0.1.0/24']);
  const [forward] = checkFleet({ ...SMALL, forwards: web({ proxyProtocol: { accept: 'balancer' } }) }).forwards;
  expect(forward).toMatchObject({
    trustedProxies: { by: 'proxy-protocol', from: subnets.map((text) => ({ text, family: 4 })) },
  });
});

test('the number of hosts follows the processors, and what else is asked for', () => {
  const policies = (capacity: PortwayFleetProps['capacity']) => {
    const template = small({ capacity });
    const group = only(template, 'AWS::AutoScaling::AutoScalingGroup').Properties;
    const made = ofType(template, 'AWS::AutoScaling::ScalingPolicy').map(([, { Properties }]) => Properties);
    return { collected: group.MetricsCollection, targets: made.map((p) => p.TargetTrackingConfiguration as Target) };
  };
  interface Target {
    readonly TargetValue: number;
    readonly CustomizedMetricSpecification?: {
      readonly Metrics: readonly { readonly Id: string; readonly Expression?: string; readonly ReturnData: boolean }[];
    };
  }
  const cpu = {
    PredefinedMetricSpecification: { PredefinedMetricType: 'ASGAverageCPUUtilization' },
    TargetValue: 50,
  };
  expect(policies({ min: 2, max: 4 })).toEqual({ collected: undefined, targets: [cpu] });
  const all = policies({ min: 3, max: 6, zones: 3, scaleOn: { cpu: 70, connections: 20_000, megabitsOut: 400 } });
  expect(all.collected).toEqual([{ Granularity: '1Minute', Metrics: ['GroupInServiceInstances'] }]);
  const [load, connections, traffic] = all.targets;
  expect(load).toEqual({ ...cpu, TargetValue: 70 });
  expect(connections?.TargetValue).toBe(20_000);
  const queries = connections?.CustomizedMetricSpecification?.Metrics ?? [];
  expect(queries.map(({ Id, ReturnData }) => [Id, ReturnData])).toEqual([
    ['zone1', false],
    ['zone2', false],
    ['zone3', false],
    ['hosts', false],
    ['each', true],
  ]);
  expect(queries.at(-1)?.Expression).toBe('(zone1 + zone2 + zone3) / hosts');
  expect(queries[1]).toMatchObject({
    MetricStat: {
      Metric: {
        ...{ Namespace: 'AWS/NetworkELB', MetricName: 'ActiveFlowCount' },
        Dimensions: [
          { Name: 'AvailabilityZone', Value: { 'Fn::Select': [1, { 'Fn::GetAZs': '' }] } },
          { Name: 'LoadBalancer', Value: { 'Fn::GetAtt': [expect.any(String), 'LoadBalancerFullName'] } },
        ],
      },
      Stat: 'Average',
    },
  });
  // 400 Mbit/s for a minute.
  expect(traffic).toEqual({
    PredefinedMetricSpecification: { PredefinedMetricType: 'ASGAverageNetworkOut' },
    TargetValue: 3_000_000_000,
  });
});

const launch = (template: FleetTemplate) => only(template, 'AWS::EC2::LaunchTemplate');
const userData = (template: FleetTemplate) => JSON.stringify(launch(template).Properties);

test('a change of forwards leaves the launch template alone, a change of the machine does not', () => {
  const before = small({});
  const changed = small({ forwards: { web: tcp(8081) } });
  expect(launch(changed)).toEqual(launch(before));
  const [group, other] = [before, changed].map((one) => only(one, 'AWS::AutoScaling::AutoScalingGroup').Properties);
  expect({ ...other, TargetGroupARNs: 0 }).toEqual({ ...group, TargetGroupARNs: 0 });
  expect(Object.keys(changed.Resources)).not.toEqual(Object.keys(before.Resources));

  const pointer = (text: string) => /\/portway\/Fleet\/([0-9a-f]{16})\/now/.exec(text)?.[1];
  const larger = small({ instanceType: 't4g.small' });
  expect(pointer(userData(larger))).toMatch(/./);
  expect(pointer(userData(larger))).not.toBe(pointer(userData(before)));
  expect(pointer(userData(small({ capacity: { min: 2, max: 9 } })))).toBe(pointer(userData(before)));
});

test('without other types a group launches its template alone, and with them those in this order, on demand, without weights', () => {
  const group = (props: Partial<PortwayFleetProps>) =>
    only(small(props), 'AWS::AutoScaling::AutoScalingGroup').Properties as Record<string, unknown>;
  const template = {
    LaunchTemplateId: { Ref: expect.stringMatching(/^FleetLaunchTemplate/) },
    Version: expect.anything(),
  };
  const alone = group({});
  expect(alone.LaunchTemplate).toEqual(template);
  expect(alone).not.toHaveProperty('MixedInstancesPolicy');
  const capacity = { min: 2, max: 4, fallbackTypes: ['m6g.large', 'c7g.large'] };
  const several = group({ instanceType: 'm7g.large', capacity });
  expect(several).not.toHaveProperty('LaunchTemplate');
  expect(several.MixedInstancesPolicy).toEqual({
    InstancesDistribution: { OnDemandAllocationStrategy: 'prioritized', OnDemandPercentageAboveBaseCapacity: 100 },
    LaunchTemplate: {
      LaunchTemplateSpecification: template,
      Overrides: ['m7g.large', 'm6g.large', 'c7g.large'].map((InstanceType) => ({ InstanceType })),
    },
  });
});

test('hosts report their boot to the group of their own stack', () => {
  expect(userData(small({}))).toContain("PORTWAY_SIGNAL_URL='group://Fleet/FleetHostsGroupACBBCA07'");
});

test.each(Object.entries(CANONICAL_FLEETS))(
  'the packs of cdk-nag have no finding in %s without a written reason',
  (_, props) => {
    const app = new App({ context: featureFlags() });
    const stack = new PortwayFleet(app, 'Fleet', props());
    for (const Pack of [AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R5Checks, PCIDSS321Checks])
      expect(new Pack(app).validateScope(stack).violations.map((v) => v.ruleName)).toEqual([]);
  },
);

test('the plan says what it costs', () => {
  const listeners = [{ port: 80, protocol: 'TCP' }] as const;
  const common = {
    min: 2,
    max: 4,
    zones: 2,
    scaleOn: { cpu: 50, connections: 20_000 },
    listeners,
    diskGiB: 8,
    fallbackTypes: [],
  };
  const { cost } = plannedFleet({ ...common, instanceType: 't4g.micro' });
  expect(cost.dollarsAMonth).toEqual({ balancer: 16.43, addresses: 14.6, disks: 1.28, hosts: 12.26 });
  const several = plannedFleet({ ...common, instanceType: 'm7g.large', fallbackTypes: ['c7g.large', 'm6g.large'] });
  expect(several.cost.dollarsAMonth).toMatchObject({ hosts: 105.85, hostsAtMost: 119.14 });
  const said = fleetLines(several);
  expect(said[1]).toBe('each is of the first of these that its zone has: m7g.large, c7g.large, m6g.large');
  expect(said[3]).toMatch(/^2 hosts: \$138\.16 to \$151\.45 a month \(.*, hosts \$105\.85 to \$119\.14\), and /);
  expect(
    plannedFleet({ ...common, instanceType: 'm7g.large', fallbackTypes: ['x9.large'] }).cost.dollarsAMonth,
  ).toEqual({ balancer: 16.43, addresses: 14.6, disks: 1.28 });
  const lines = fleetLines(plannedFleet({ ...common, instanceType: 'x9.large' }));
  expect(lines[0]).toBe('2 to 4 hosts over 2 zones, 1 of 50 listeners');
  expect(lines[1]).toBe('their number follows 50 % of the processors, 20000 connections of each');
  expect(lines[2]).toContain(
    '2 hosts: $32.31 a month (balancer $16.43, 4 addresses $14.60, disks $1.28, hosts not known here)',
  );
});
