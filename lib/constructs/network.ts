import { Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct, type IDependable } from 'constructs';
import { acknowledge, acknowledgeInPacks } from './acknowledge';

/**
 * The network that the gateway is in.
 * @category Network
 */
export interface NetworkProps {
  /**
   * An existing VPC.
   * @default a VPC of its own, 10.0.0.0/16, with one public subnet
   */
  readonly vpc?: ec2.IVpc | ec2.Vpc;
  /**
   * A public subnet of `vpc`.
   * @default its first one
   */
  readonly subnet?: ec2.ISubnet;
  /**
   * Public subnets of `vpc`, one a zone, which begin with `subnet`.
   * @default that one alone
   */
  readonly subnets?: readonly ec2.ISubnet[];
  /**
   * Whether the new VPC writes flow logs to CloudWatch, with a saved query of Logs Insights: who sends most.
   * @default false
   */
  readonly flowLogs?: boolean;
  /**
   * The KMS key that encrypts the flow logs. CloudWatch Logs must be allowed to use it: the policy of a key in this
   * app is extended, that of an imported key is not.
   * @default the key that CloudWatch Logs owns
   * @refused without `flowLogs: true`
   * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
   */
  readonly logEncryptionKey?: kms.IKey;
  /**
   * Which of the region's availability zones the new VPC's subnet is in, counted from 0.
   * @default 0
   */
  readonly availabilityZoneIndex?: number;
  /**
   * How many zones, from that one on, the new VPC has a public subnet in.
   * @default 1
   */
  readonly zones?: number;
  /**
   * Whether the new VPC also has IPv6, with a range from Amazon.
   * @default false
   */
  readonly ipv6?: boolean;
}

/** The range of the own VPC's subnet in a zone. Changing the zone makes the new subnet before the old one goes, so they differ. */
export function ownSubnetRange(availabilityZoneIndex: number): string {
  return `10.0.${availabilityZoneIndex}.0/24`;
}

/** Who sends most, in Logs Insights' own language. It knows the fields of flow logs. */
const TOP_TALKERS = [
  'filter logStatus = "OK"',
  'stats sum(bytes) as allBytes, sum(packets) as allPackets, count_distinct(dstPort) as ports by srcAddr, action',
  'sort allBytes desc',
  'limit 25',
].join('\n| ');

const FLOW_LOG_GROUP = 'FlowLogGroup';
const NO_FLOW_LOGS = 'Flow logs cost per gigabyte; flowLogs: true turns them on.';

/** The gateway's network. Without lookups: synth needs no credentials and gives the same result everywhere. */
export class Network extends Construct {
  readonly vpc: ec2.IVpc;
  readonly subnet: ec2.ISubnet;
  /** All subnets of a fleet, one a zone; of a single gateway its only one. */
  readonly subnets: readonly ec2.ISubnet[];
  /** Whether the VPC is an existing one. Its subnets may not assign public addresses. */
  readonly isForeign: boolean;
  /** What must outlive a host with a public address: the internet gateway and the routes to it. */
  readonly internet: readonly IDependable[];
  /** Where the flow logs go; undefined without them. */
  readonly flowLogGroup: logs.ILogGroup | undefined;

  constructor(scope: Construct, id: string, props: NetworkProps = {}) {
    super(scope, id);
    this.isForeign = props.vpc !== undefined;
    this.vpc = (props.vpc ?? this.createVpc(props)) as ec2.IVpc;
    this.flowLogGroup = this.node.tryFindChild(FLOW_LOG_GROUP) as logs.ILogGroup | undefined;
    // The stack's checks guarantee that there is one.
    const subnet = props.subnet ?? (this.vpc.publicSubnets[0] as ec2.ISubnet);
    this.subnet = subnet;
    this.subnets = this.isForeign ? (props.subnets ?? [subnet]) : this.vpc.publicSubnets;
    // The VPC's own `internetConnectivityEstablished` covers the internet gateway only. Booting needs the route too, and destroy
    // must not detach the gateway while a public address is left. It also lacks the IPv6 route of a dual-stack VPC.
    // An imported VPC has none of these in this app.
    this.internet = [
      ...this.subnets.map((one) => one.internetConnectivityEstablished),
      ...[
        this.vpc.node.tryFindChild('VPCGW'),
        ...this.subnets.map((one) => one.node.tryFindChild('DefaultRoute6')),
      ].filter((child) => child !== undefined),
    ];
  }

  private createVpc({
    flowLogs = false,
    logEncryptionKey,
    availabilityZoneIndex = 0,
    zones: count = 1,
    ipv6 = false,
  }: NetworkProps): ec2.Vpc {
    const zones = Array.from({ length: count }, (_, i) => Fn.select(availabilityZoneIndex + i, Fn.getAzs()));
    const vpc = withZones(
      Stack.of(this),
      zones,
      () =>
        new ec2.Vpc(this, 'Vpc', {
          ipAddresses: ec2.IpAddresses.cidr('10.0.0.0/16'),
          maxAzs: count,
          natGateways: 0,
          subnetConfiguration: [
            {
              name: 'Public',
              subnetType: ec2.SubnetType.PUBLIC,
              cidrMask: 24,
              // In a dual-stack VPC the CDK's default is false: the host would have no public IPv4 address until it has proved itself.
              mapPublicIpOnLaunch: true,
              // The instance requests its IPv6 address itself, so turning IPv6 on replaces an instance that has none.
              ...(ipv6 ? { ipv6AssignAddressOnCreation: false } : {}),
            },
          ],
          ...(ipv6 ? { ipProtocol: ec2.IpProtocol.DUAL_STACK } : {}),
          // The default would add a custom resource with a Lambda function and an asset; its log group outlives the stack.
          restrictDefaultSecurityGroup: false,
        }),
    );
    // Changing the zone creates the new subnet before the old one is deleted, so their ranges must not overlap.
    vpc.publicSubnets.forEach((subnet, i) => {
      const index = availabilityZoneIndex + i;
      const resource = subnet.node.defaultChild as ec2.CfnSubnet;
      resource.cidrBlock = ownSubnetRange(index);
      if (ipv6) {
        const ranges = Fn.cidr(Fn.select(0, vpc.vpcIpv6CidrBlocks), index + 1, '64');
        resource.ipv6CidrBlock = Fn.select(index, ranges);
      }
    });
    if (flowLogs) this.addFlowLog(vpc, logEncryptionKey);
    else {
      acknowledge(vpc, 'AwsSolutions-VPC7', NO_FLOW_LOGS);
      acknowledgeInPacks(vpc, 'VPCFlowLogsEnabled', NO_FLOW_LOGS);
    }
    acknowledgeInPacks(
      vpc,
      'VPCDefaultSecurityGroupClosed',
      'Nothing uses the default group. Closing it takes a Lambda function, whose log group would outlive the stack.',
    );
    acknowledgeInPacks(
      vpc,
      'VPCSubnetAutoAssignPublicIpDisabled',
      'Only the gateway is in this subnet. It is public, and needs an address to boot, before it gets the fixed one.',
    );
    acknowledgeInPacks(
      vpc,
      'VPCNoUnrestrictedRouteToIGW',
      'The subnet of a public gateway needs a route to the internet.',
    );
    return vpc;
  }

  private addFlowLog(vpc: ec2.Vpc, encryptionKey: kms.IKey | undefined): void {
    // A log group that AWS creates by itself would remain after destroy.
    const group = new logs.LogGroup(this, FLOW_LOG_GROUP, {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(encryptionKey === undefined ? {} : { encryptionKey }),
    });
    if (encryptionKey === undefined)
      acknowledgeInPacks(
        group,
        'CloudWatchLogGroupEncrypted',
        'CloudWatch Logs encrypts with its own key; logEncryptionKey sets yours.',
      );
    // Has no effect on an imported key: its owner must extend the policy.
    else encryptionKey.grantEncryptDecrypt(new iam.ServicePrincipal(`logs.${Stack.of(this).region}.amazonaws.com`));
    new logs.CfnQueryDefinition(this, 'TopTalkers', {
      name: `${Stack.of(this).stackName}/top talkers`,
      logGroupNames: [group.logGroupName],
      queryString: TOP_TALKERS,
    });
    const flowLog = vpc.addFlowLog('FlowLog', { destination: ec2.FlowLogDestination.toCloudWatchLogs(group) });
    acknowledgeInPacks(flowLog, 'IAMNoInlinePolicy', 'The role writes to this log group only, and is deleted with it.');
  }
}

/**
 * Runs `create` while the stack has these zones: they are resolved at deploy time, so synth never calls AWS, even for a stack with an
 * account and region. A Vpc asks its stack for zones even if it is given some.
 */
function withZones<T>(stack: Stack, zones: string[], create: () => T): T {
  Object.defineProperty(stack, 'availabilityZones', { configurable: true, get: () => zones });
  try {
    return create();
  } finally {
    Reflect.deleteProperty(stack, 'availabilityZones');
  }
}
