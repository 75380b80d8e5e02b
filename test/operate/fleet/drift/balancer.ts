import type {
  DescribeLoadBalancersOutput,
  DescribeTargetHealthOutput,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { answered, type Drift, type Drifts, type FleetDriftLab, type Words } from './lab';

type Of = (lab: FleetDriftLab) => Words;

/** Does one action of the API, and another one to undo it. */
const balanced =
  (action: string, words: Of, undo: Of, back = action): Drift['by'] =>
  async (lab) => {
    await lab.elb(action, words(lab));
    return () => lab.elb(back, undo(lab));
  };

const targetGroup = (lab: FleetDriftLab) => ({ TargetGroupArn: lab.first(lab.promised.fleet.targetGroups) });
const target = (lab: FleetDriftLab, id: string) => ({ ...targetGroup(lab), 'Targets.member.1.Id': id });
export const balancer = ({ name, promised }: FleetDriftLab) => ({ LoadBalancerArn: name(promised.fleet.balancer.id) });
const attribute = (key: string, value: string) => ({
  'Attributes.member.1.Key': key,
  'Attributes.member.1.Value': value,
});
const leadsTo = (arn: string) => ({
  'DefaultActions.member.1.Type': 'forward',
  'DefaultActions.member.1.TargetGroupArn': arn,
});

/** What the balancer tells of itself, its listeners and its targets. */
export const OF_THE_BALANCER: Drifts = {
  'a listener by hand': {
    by: async (lab) => {
      const text = await lab.elb('CreateListener', {
        ...{ ...balancer(lab), Port: '8080', Protocol: 'TCP' },
        ...leadsTo(targetGroup(lab).TargetGroupArn),
      });
      const [, ListenerArn = ''] = /<ListenerArn>(.*?)</.exec(text) ?? [];
      return () => lab.elb('DeleteListener', { ListenerArn });
    },
    found: /^the balancer listens on tcp 8080, which was not promised$/,
  },
  'a listener that leads elsewhere': {
    by: balanced(
      'ModifyListener',
      (lab) => ({
        ListenerArn: lab.first(lab.promised.fleet.listeners),
        ...leadsTo(lab.name(lab.promised.fleet.targetGroups[1]?.id ?? '')),
      }),
      (lab) => ({ ListenerArn: lab.first(lab.promised.fleet.listeners), ...leadsTo(targetGroup(lab).TargetGroupArn) }),
    ),
    found: /^the listener for tcp 8[01] must lead to arn:\S+, and leads to arn:/,
  },
  'a shorter idle time': {
    by: balanced(
      'ModifyListenerAttributes',
      (lab) => ({
        ListenerArn: lab.first(lab.promised.fleet.listeners),
        ...attribute('tcp.idle_timeout.seconds', '350'),
      }),
      (lab) => ({
        ListenerArn: lab.first(lab.promised.fleet.listeners),
        ...attribute('tcp.idle_timeout.seconds', '6000'),
      }),
    ),
    found: /^tcp\.idle_timeout\.seconds of the listener for tcp 8[01] must be 6000, got: 350$/,
  },
  'another health port': {
    by: balanced(
      'ModifyTargetGroup',
      (lab) => ({ ...targetGroup(lab), HealthCheckPort: '80' }),
      (lab) => ({ ...targetGroup(lab), HealthCheckPort: '10256' }),
    ),
    found: /^HealthCheckPort of the target group of tcp 8[01] must be 10256, got: 80$/,
  },
  "hosts no longer see the client's address": {
    by: balanced(
      'ModifyTargetGroupAttributes',
      (lab) => ({ ...targetGroup(lab), ...attribute('preserve_client_ip.enabled', 'false') }),
      (lab) => ({ ...targetGroup(lab), ...attribute('preserve_client_ip.enabled', 'true') }),
    ),
    found: /^preserve_client_ip\.enabled of the target group of tcp 8[01] must be true, got: false$/,
  },
  'a target deregistered': {
    by: balanced(
      'DeregisterTargets',
      (lab) => target(lab, lab.ids[0] ?? ''),
      (lab) => target(lab, lab.ids[0] ?? ''),
      'RegisterTargets',
    ),
    found: /^i-\w+ is in service, and somebody has taken it from the balancer: it is draining at tcp 8[01]$/,
  },
  'a target that has drained': {
    by: answered<DescribeTargetHealthOutput>('balancing', 'DescribeTargetHealthCommand', (output, { ids }) => {
      output.TargetHealthDescriptions = output.TargetHealthDescriptions?.filter(({ Target }) => Target?.Id !== ids[0]);
    }),
    found: /^i-\w+ is in service, and the balancer sends it nothing: it is no target of tcp 8[01], tcp 8[01]$/,
  },
  "a stranger among the balancer's targets": {
    by: balanced(
      'RegisterTargets',
      (lab) => target(lab, 'i-00000000000000000'),
      (lab) => target(lab, 'i-00000000000000000'),
      'DeregisterTargets',
    ),
    found: /^i-0+ is no host in service of the group, and a target of tcp 8[01]$/,
  },
  'a host that its balancer calls unhealthy': {
    by: answered<DescribeTargetHealthOutput>('balancing', 'DescribeTargetHealthCommand', (output, { ids }) => {
      const one = output.TargetHealthDescriptions?.find(({ Target }) => Target?.Id === ids[0]);
      if (one)
        one.TargetHealth = {
          ...{ State: 'unhealthy', Reason: 'Target.ResponseCodeMismatch' },
          Description: 'Health checks failed with these codes: [503]',
        };
    }),
    found:
      /^the balancer says that i-\w+ is unhealthy \(Target\.ResponseCodeMismatch: Health checks failed with these codes: \[503\]\) at tcp 8[01], tcp 8[01]$/,
  },
  'connections across zones': {
    by: balanced(
      'ModifyLoadBalancerAttributes',
      (lab) => ({ ...balancer(lab), ...attribute('load_balancing.cross_zone.enabled', 'true') }),
      (lab) => ({ ...balancer(lab), ...attribute('load_balancing.cross_zone.enabled', 'false') }),
    ),
    found: /^load_balancing\.cross_zone\.enabled of the balancer must be false, got: true$/,
  },
  'an address moved': {
    by: answered<DescribeLoadBalancersOutput>('balancing', 'DescribeLoadBalancersCommand', (output) => {
      const [zone] = output.LoadBalancers?.[0]?.AvailabilityZones ?? [];
      if (zone) zone.LoadBalancerAddresses = [];
    }),
    found: /^the balancer must have 203\.0\.113\.\d+ in subnet-\w+, got: no address$/,
  },
  "another security group in place of the balancer's": {
    by: answered<DescribeLoadBalancersOutput>('balancing', 'DescribeLoadBalancersCommand', (output) => {
      const [one] = output.LoadBalancers ?? [];
      if (one) one.SecurityGroups = ['sg-1'];
    }),
    found: /^the security groups of the balancer must be sg-\w+, got: sg-1$/,
  },
};
