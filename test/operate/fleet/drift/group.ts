import type { AutoScalingGroup, AutoScalingGroupsType } from '@aws-sdk/client-auto-scaling';
import type { DescribeLaunchTemplatesResult } from '@aws-sdk/client-ec2';
import { answered, type Drift, type Drifts, type FleetDriftLab, type Words } from './lab';

export const ofGroup = (alter: (group: AutoScalingGroup) => void): Drift['by'] =>
  answered<AutoScalingGroupsType>('scaling', 'DescribeAutoScalingGroupsCommand', ({ AutoScalingGroups = [] }) =>
    AutoScalingGroups.forEach(alter),
  );

type Of = (lab: FleetDriftLab) => Words;

/** Does one action of the API, and another one to undo it. */
const scaled =
  (action: string, words: Of, undo: Of, back = action): Drift['by'] =>
  async (lab) => {
    const group = { AutoScalingGroupName: lab.name(lab.promised.fleet.group.id) };
    await lab.scaling(action, { ...group, ...words(lab) });
    return () => lab.scaling(back, { ...group, ...undo(lab) });
  };
const sized = (name: string, wrong: string, right: string) =>
  scaled(
    'UpdateAutoScalingGroup',
    () => ({ [name]: wrong }),
    () => ({ [name]: right }),
  );

/** What Auto Scaling tells of the group, and EC2 of its launch template. */
export const OF_THE_GROUP: Drifts = {
  'fewer hosts wanted': { by: sized('MinSize', '1', '2'), found: /^MinSize of the group must be 2, got: 1$/ },
  'more hosts allowed': { by: sized('MaxSize', '40', '4'), found: /^MaxSize of the group must be 4, got: 40$/ },
  'nobody asks the balancer': {
    by: sized('HealthCheckType', 'EC2', 'ELB'),
    found: /^HealthCheckType of the group must be ELB, got: EC2$/,
  },
  'a zone left out': {
    by: scaled(
      'UpdateAutoScalingGroup',
      (lab) => ({ VPCZoneIdentifier: lab.name(lab.promised.fleet.group.subnets[0] ?? '') }),
      (lab) => ({ VPCZoneIdentifier: lab.promised.fleet.group.subnets.map((id) => lab.name(id)).join(',') }),
    ),
    found: /^the subnets of the group must be subnet-\w+, subnet-\w+, got: subnet-\w+$/,
  },
  'a process suspended': {
    by: scaled(
      'SuspendProcesses',
      () => ({ 'ScalingProcesses.member.1': 'ReplaceUnhealthy' }),
      () => ({ 'ScalingProcesses.member.1': 'ReplaceUnhealthy' }),
      'ResumeProcesses',
    ),
    found: /^the process ReplaceUnhealthy of the group is suspended: nobody replaces a host that fails$/,
  },
  'the lifecycle hook deleted': {
    by: scaled(
      'DeleteLifecycleHook',
      (lab) => ({ LifecycleHookName: lab.first(lab.promised.fleet.group.hooks.map((id) => ({ id }))) }),
      (lab) => ({
        LifecycleHookName: lab.first(lab.promised.fleet.group.hooks.map((id) => ({ id }))),
        LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      }),
      'PutLifecycleHook',
    ),
    found: /^the group must have its lifecycle hook /,
  },
  'a host too few': {
    by: ofGroup((one) => {
      one.DesiredCapacity = 3;
    }),
    found: /^the group must have 3 hosts in service, got: 2$/,
  },
  'a host that the group calls unhealthy': {
    by: ofGroup(({ Instances: [one] = [] }) => {
      if (one) one.HealthStatus = 'Unhealthy';
    }),
    found: /^i-\w+ is InService, Unhealthy$/,
  },
  'both hosts in one zone': {
    by: ofGroup(({ Instances = [] }) => {
      for (const one of Instances) one.AvailabilityZone = 'us-east-1a';
    }),
    found: /^hosts in service must be in 2 zones, got: us-east-1a/,
  },
  'a host taken out of the group': {
    by: ofGroup((one) => {
      one.Instances = one.Instances?.slice(1);
    }),
    found: /^instance i-\w+ of the stack is there, and not in the group$/,
  },
  'a newer launch template': {
    by: answered<DescribeLaunchTemplatesResult>('ec2', 'DescribeLaunchTemplatesCommand', ({ LaunchTemplates = [] }) => {
      for (const one of LaunchTemplates) one.LatestVersionNumber = 2;
    }),
    found: /^the group launches hosts of version 1 of the launch template, and the newest is 2: /,
  },
  'a host of an older launch template': {
    by: ofGroup(({ Instances: [one] = [] }) => {
      if (one?.LaunchTemplate) one.LaunchTemplate.Version = '7';
    }),
    found: /^i-\w+ lags behind: it was made of version 7 of the launch template, and the group's is 1$/,
  },
};
