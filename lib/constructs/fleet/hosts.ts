import { type Duration, Fn, Tags } from 'aws-cdk-lib';
import * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge, acknowledgeInPacks } from '../acknowledge';
import { joinedLines } from '../lines';
import type { Machine } from '../machine';
import type { Network } from '../network';
import type { BalancerMeasured } from './balancer';
import type { Capacity } from './capacity';
import { follow } from './scaling';

export interface LaunchProps {
  readonly machine: Machine;
  readonly role: iam.IRole;
  readonly securityGroups: readonly ec2.ISecurityGroup[];
  /** Whether a host asks for a public address itself: an existing subnet may not assign one. */
  readonly asksForAddress: boolean;
  readonly keyPair: ec2.IKeyPair | undefined;
  readonly detailedMonitoring: boolean;
}

/** How a host of a fleet is made. */
export class LaunchTemplate extends Construct {
  readonly resource: ec2.CfnLaunchTemplate;

  constructor(
    scope: Construct,
    id: string,
    { machine, role, securityGroups, asksForAddress, keyPair, detailedMonitoring }: LaunchProps,
  ) {
    super(scope, id);
    const groups = securityGroups.map((group) => group.securityGroupId);
    const profile = new iam.CfnInstanceProfile(this, 'Profile', { roles: [role.roleName] });
    if (!('id' in machine.image)) throw new Error('a fleet names its image: see checkFleet');
    this.resource = new ec2.CfnLaunchTemplate(this, 'Template', {
      launchTemplateData: {
        imageId: machine.image.id,
        instanceType: machine.instanceType,
        iamInstanceProfile: { arn: profile.attrArn },
        ...(asksForAddress
          ? { networkInterfaces: [{ deviceIndex: 0, associatePublicIpAddress: true, groups }] }
          : { securityGroupIds: groups }),
        ...(keyPair === undefined ? {} : { keyName: keyPair.keyPairName }),
        ...(detailedMonitoring ? { monitoring: { enabled: true } } : {}),
        metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1 },
        blockDeviceMappings: [
          {
            deviceName: machine.rootDevice,
            ebs: { volumeSize: machine.diskGiB, volumeType: 'gp3', encrypted: true, deleteOnTermination: true },
          },
        ],
      },
    });
    acknowledge(
      this.resource,
      'CloudFormation-Validate::W9010',
      'The ami prop names an AMI of one region by design: each host of a fleet has the same one.',
    );
  }

  /** Only then are pointer and group known. */
  set userData(text: string) {
    this.resource.addPropertyOverride('LaunchTemplateData.UserData', Fn.base64(joinedLines(text)));
  }
}

export interface HostsProps {
  /** The hosts' name in EC2. */
  readonly name: string;
  readonly network: Network;
  readonly capacity: Capacity;
  readonly machine: Pick<Machine, 'instanceType'>;
  readonly launchTemplate: LaunchTemplate;
  readonly targetGroupArns: readonly string[];
  /** Whether the group tells CloudWatch how many hosts it has, which costs nothing. */
  readonly isCounted: boolean;
  readonly balancer: BalancerMeasured;
  /** The longest time from a host's start to its report. */
  readonly bootTimeout: Duration;
}

/**
 * After a host's connections had their time to end, it stays for so long: a balancer may still send a new one to a host that it
 * is about to forget.
 */
const LINGER_SECONDS = 120;

/**
 * The hosts of a fleet: an Auto Scaling group that replaces what fails, follows the load, and replaces its hosts, one in each zone at
 * a time, where the machine changes. Each host reports itself: the group's creation waits for `min` reports, and a replacement for each new
 * host's; a FAILURE ends it and goes back.
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatepolicy.html
 */
export class Hosts extends Construct {
  readonly group: autoscaling.CfnAutoScalingGroup;

  constructor(scope: Construct, id: string, props: HostsProps) {
    super(scope, id);
    const { network, capacity, machine, launchTemplate, bootTimeout } = props;
    const { min, max, zones, scaleOn } = capacity;
    this.group = new autoscaling.CfnAutoScalingGroup(this, 'Group', {
      ...{ minSize: `${min}`, maxSize: `${max}` },
      vpcZoneIdentifier: network.subnets.map(({ subnetId }) => subnetId),
      ...launchedFrom(launchTemplate.resource, machine.instanceType, capacity.fallbackTypes),
      targetGroupArns: [...props.targetGroupArns],
      ...(props.isCounted
        ? { metricsCollection: [{ granularity: '1Minute', metrics: ['GroupInServiceInstances'] }] }
        : {}),
      healthCheckType: 'ELB',
      // A host that boots is not unhealthy yet.
      healthCheckGracePeriod: bootTimeout.toSeconds(),
      defaultInstanceWarmup: 300,
    });
    const pause = bootTimeout.toIsoString();
    this.group.cfnOptions.creationPolicy = { resourceSignal: { count: min, timeout: pause } };
    this.group.cfnOptions.updatePolicy = {
      autoScalingRollingUpdate: {
        // As many at once as there are zones, each after its successor has reported itself. The group spreads new hosts over the zones; one at a
        // time, both successors of two hosts could be in one zone, and the other one's address would lead nowhere.
        ...{ minInstancesInService: min, maxBatchSize: zones, minSuccessfulInstancesPercent: 100 },
        ...{ waitOnResourceSignals: true, pauseTime: pause },
        // AWS's advice: what changes the group by itself confuses the update.
        suspendProcesses: ['AlarmNotification', 'AZRebalance', 'HealthCheck', 'ReplaceUnhealthy', 'ScheduledActions'],
      },
    };
    Tags.of(this.group).add('Name', props.name);
    new autoscaling.CfnLifecycleHook(this, 'Linger', {
      ...{ autoScalingGroupName: this.group.ref, lifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING' },
      ...{ defaultResult: 'CONTINUE', heartbeatTimeout: LINGER_SECONDS },
    });
    follow(this, this.group, scaleOn, props.balancer);
    if (capacity.fallbackTypes.length > 0) {
      const reason =
        'The rule knows no group with several types, and throws. The launch template does what it asks for.';
      acknowledge(this.group, 'AwsSolutions-EC26', reason);
      acknowledgeInPacks(this.group, 'EC2IMDSv2Enabled', reason);
    }
    acknowledge(this.group, 'AwsSolutions-AS3', "The group replaces hosts by itself; alarms are the team's choice.");
    acknowledgeInPacks(
      this.group,
      'AutoScalingLaunchConfigPublicIpDisabled',
      'Hosts need an address to reach packages and AWS; their group admits the balancer and the admin alone.',
    );
  }
}

/**
 * The launch template alone, or with the types that a zone gets without the first one. They have no weights: all are of one size, and CloudFormation
 * waits for as many signals as a host weighs (issue aws-cloudformation/cloudformation-coverage-roadmap#406).
 */
function launchedFrom(
  template: ec2.CfnLaunchTemplate,
  instanceType: string,
  fallbackTypes: readonly string[],
): Pick<autoscaling.CfnAutoScalingGroupProps, 'launchTemplate' | 'mixedInstancesPolicy'> {
  const launchTemplate = { launchTemplateId: template.ref, version: template.attrLatestVersionNumber };
  if (fallbackTypes.length === 0) return { launchTemplate };
  return {
    mixedInstancesPolicy: {
      instancesDistribution: { onDemandAllocationStrategy: 'prioritized', onDemandPercentageAboveBaseCapacity: 100 },
      launchTemplate: {
        launchTemplateSpecification: launchTemplate,
        overrides: [instanceType, ...fallbackTypes].map((type) => ({ instanceType: type })),
      },
    },
  };
}
