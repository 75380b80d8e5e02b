import { Fn, RemovalPolicy } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct, type IDependable } from 'constructs';
import { PortwayError } from '../forward/problems';
import { acknowledge } from './acknowledge';

export interface NetworkProps {
  /**
   * A VPC that is already there. It must have a public subnet; its first one is taken.
   * @default a small VPC of its own, with one public subnet
   */
  readonly vpc?: ec2.IVpc;
  /**
   * Whether the new VPC writes flow logs (who talked to whom) to CloudWatch. They cost per gigabyte.
   * @default false
   */
  readonly flowLogs?: boolean;
  /**
   * Which of the region's availability zones the new VPC's subnet is in, counted from 0.
   * @default 0
   */
  readonly availabilityZoneIndex?: number;
  /**
   * Whether the new VPC has IPv6 beside IPv4, with addresses of Amazon's.
   * @default false
   */
  readonly ipv6?: boolean;
}

/** The network that a gateway stands in. Makes no lookup: synth needs no credentials and gives the same everywhere. */
export class Network extends Construct {
  readonly vpc: ec2.IVpc;
  readonly subnet: ec2.ISubnet;
  /** Whether the VPC was brought along; its subnets may not give public addresses by themselves then. */
  readonly isForeign: boolean;
  /** What a host with a public address needs at birth and until its death: the internet gateway and the way to it. */
  readonly internet: readonly IDependable[];

  constructor(scope: Construct, id: string, props: NetworkProps = {}) {
    super(scope, id);
    this.isForeign = props.vpc !== undefined;
    this.vpc = props.vpc ?? (this.createVpc(props) as ec2.IVpc);
    const [subnet] = this.vpc.publicSubnets;
    if (subnet === undefined) throw new PortwayError(['vpc must have a public subnet, got one with none']);
    this.subnet = subnet;
    // The VPC's own `internetConnectivityEstablished` is the gateway alone; boot needs the route, and destroy needs to wait
    // with taking the gateway off until no public address is left.
    // It knows nothing of the route for IPv6, which only a dual-stack VPC has.
    this.internet = this.isForeign
      ? []
      : [
          subnet.internetConnectivityEstablished,
          this.vpc.node.findChild('VPCGW'),
          ...[subnet.node.tryFindChild('DefaultRoute6')].filter((route) => route !== undefined),
        ];
  }

  private createVpc({ flowLogs = false, availabilityZoneIndex = 0, ipv6 = false }: NetworkProps): ec2.Vpc {
    const vpc = new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr('10.0.0.0/16'),
      maxAzs: 1,
      natGateways: 0,
      subnetConfiguration: [
        {
          name: 'Public',
          subnetType: ec2.SubnetType.PUBLIC,
          cidrMask: 24,
          // With IPv6 the CDK's default would leave the host without a public IPv4 address until it has proved itself.
          mapPublicIpOnLaunch: true,
          // The instance asks for its IPv6 address itself, so that one that has none is replaced when IPv6 is turned on.
          ...(ipv6 ? { ipv6AssignAddressOnCreation: false } : {}),
        },
      ],
      ...(ipv6 ? { ipProtocol: ec2.IpProtocol.DUAL_STACK } : {}),
      // The default would add a Lambda function, a custom resource and an asset, whose log group survives the stack.
      restrictDefaultSecurityGroup: false,
    });
    // Another zone is another subnet, and it is made before the old one goes: their ranges must not overlap.
    for (const subnet of vpc.publicSubnets) {
      const own = subnet.node.defaultChild as ec2.CfnSubnet;
      own.cidrBlock = `10.0.${availabilityZoneIndex}.0/24`;
      if (ipv6) {
        const ranges = Fn.cidr(Fn.select(0, vpc.vpcIpv6CidrBlocks), availabilityZoneIndex + 1, '64');
        own.ipv6CidrBlock = Fn.select(availabilityZoneIndex, ranges);
      }
    }
    if (flowLogs) this.addFlowLog(vpc);
    else acknowledge(vpc, 'AwsSolutions-VPC7', 'Flow logs cost per gigabyte; flowLogs: true turns them on.');
    return vpc;
  }

  private addFlowLog(vpc: ec2.Vpc): void {
    // A group of our own: one that AWS makes for us would stay after destroy.
    const group = new logs.LogGroup(this, 'FlowLogGroup', {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    vpc.addFlowLog('FlowLog', { destination: ec2.FlowLogDestination.toCloudWatchLogs(group) });
  }
}
