/** A property of the template, in the words of the stack's props. */
export interface KnownProperty {
  readonly prop: string;
  /** Why a running host cannot take it over. Only for properties that restart or replace it. */
  readonly why?: string;
}

const IMAGE = { prop: 'os, architecture or ami', why: 'an instance keeps the image that it was launched from' };
const KEY = { prop: 'sshPublicKey or keyPairName', why: 'EC2 puts a key onto the disk at the first boot only' };
/** Which subnets the hosts are in: those of a single gateway, and those of a fleet. */
export const PLACES = {
  gateway: 'vpc, vpcSubnets or availabilityZoneIndex',
  fleet: 'vpc, vpcSubnets or capacity.zones',
} as const;
const PLACE = {
  prop: PLACES.gateway,
  why: 'an instance stays in the subnet that it was launched in',
};
const DISK = { prop: 'diskGiB', why: 'CloudFormation gives other volumes only to a new instance' };
const IPV6 = { prop: 'ipv6', why: 'CloudFormation gives an IPv6 address only to a new instance' };
const CAPACITY = { prop: 'capacity' };
const LISTENERS = { prop: 'listeners of the balancer' };
const ROUTING = { prop: 'preserveClientAddress or egress' };

/** What the stack's props become in the template, by type and property. `*` is any other property of the type. */
const KNOWN: Readonly<Record<string, Readonly<Record<string, KnownProperty>>>> = {
  'AWS::EC2::Instance': {
    ImageId: IMAGE,
    InstanceType: { prop: 'instanceType', why: 'EC2 changes the type of a stopped instance only' },
    EbsOptimized: { prop: 'EbsOptimized', why: 'EC2 changes it on a stopped instance only' },
    KeyName: KEY,
    SubnetId: PLACE,
    AvailabilityZone: PLACE,
    NetworkInterfaces: { ...PLACE, prop: 'vpc, vpcSubnets or securityGroups' },
    BlockDeviceMappings: DISK,
    Ipv6AddressCount: IPV6,
    Monitoring: { prop: 'detailedMonitoring' },
    SourceDestCheck: ROUTING,
    Tags: { prop: 'tags' },
    MetadataOptions: { prop: 'metadata service' },
    IamInstanceProfile: { prop: 'role of the host' },
    SecurityGroupIds: { prop: 'securityGroups' },
  },
  'AWS::EC2::KeyPair': { '*': KEY },
  'AWS::EC2::Subnet': { '*': PLACE, Ipv6CidrBlock: IPV6, AssignIpv6AddressOnCreation: IPV6, Tags: { prop: 'tags' } },
  'AWS::EC2::VPC': { '*': { ...PLACE, prop: 'network' }, Tags: { prop: 'tags' } },
  'AWS::EC2::VPCCidrBlock': { '*': IPV6 },
  'AWS::EC2::SubnetCidrBlock': { '*': { prop: 'ipv6' } },
  'AWS::EC2::RouteTable': { '*': { ...PLACE, prop: 'network' }, Tags: { prop: 'tags' } },
  'AWS::EC2::Route': { '*': { ...PLACE, prop: 'network' } },
  'AWS::EC2::SubnetRouteTableAssociation': { '*': { ...PLACE, prop: 'network' } },
  'AWS::EC2::InternetGateway': { '*': { ...PLACE, prop: 'network' }, Tags: { prop: 'tags' } },
  'AWS::EC2::VPCGatewayAttachment': { '*': { ...PLACE, prop: 'network' } },
  'AWS::EC2::EIP': { '*': { prop: 'address' }, Tags: { prop: 'tags' } },
  'AWS::EC2::EIPAssociation': { '*': { prop: 'address' }, IpAddressType: { prop: 'ipv6' } },
  'AWS::AutoScaling::AutoScalingGroup': { '*': CAPACITY, TargetGroupARNs: LISTENERS, Tags: { prop: 'tags' } },
  'AWS::AutoScaling::LifecycleHook': { '*': CAPACITY },
  'AWS::AutoScaling::ScalingPolicy': { '*': CAPACITY },
  'AWS::ElasticLoadBalancingV2::Listener': { '*': LISTENERS },
  'AWS::ElasticLoadBalancingV2::TargetGroup': { '*': LISTENERS, Tags: { prop: 'tags' } },
  'AWS::Route53::RecordSet': { '*': { prop: 'dns' } },
  'AWS::EC2::SecurityGroup': { '*': { prop: 'security group' }, Tags: { prop: 'tags' } },
  'AWS::EC2::SecurityGroupIngress': { '*': { prop: 'security group' } },
  'AWS::EC2::SecurityGroupEgress': { '*': { prop: 'security group' } },
  'AWS::EC2::InstanceConnectEndpoint': { '*': { prop: 'ssh' }, Tags: { prop: 'tags' } },
  'AWS::EC2::FlowLog': { '*': { prop: 'flowLogs' }, Tags: { prop: 'tags' } },
  'AWS::Logs::LogGroup': { '*': { prop: 'flowLogs, logEncryptionKey or monitoring' }, Tags: { prop: 'tags' } },
  'AWS::Logs::QueryDefinition': { '*': { prop: 'flowLogs' } },
  'AWS::Logs::MetricFilter': { '*': { prop: 'flowLogs or monitoring.alarms' } },
  'AWS::CloudWatch::AnomalyDetector': { '*': { prop: 'flowLogs or monitoring' } },
  'AWS::Logs::LogStream': { '*': { prop: 'monitoring' } },
  'AWS::IAM::Role': { '*': { prop: 'rights' }, Tags: { prop: 'tags' } },
  'AWS::IAM::Policy': { '*': { prop: 'rights' } },
  'AWS::IAM::InstanceProfile': { '*': { prop: 'rights' } },
  'AWS::CloudWatch::Alarm': { '*': { prop: 'monitoring.alarms or egress.alarmTopic' }, Tags: { prop: 'tags' } },
  'AWS::CloudWatch::Dashboard': { '*': { prop: 'monitoring.dashboard' } },
  'AWS::SNS::Topic': { '*': { prop: 'monitoring.alarms' }, Tags: { prop: 'tags' } },
  'AWS::SNS::Subscription': { '*': { prop: 'monitoring.alarms' } },
};

/** Types through which a packet passes: without one of them the host is not reached. */
export const ON_THE_WAY: ReadonlySet<string> = new Set([
  ...['AWS::EC2::VPC', 'AWS::EC2::Subnet', 'AWS::EC2::RouteTable', 'AWS::EC2::SubnetRouteTableAssociation'],
  ...['AWS::EC2::Route', 'AWS::EC2::InternetGateway', 'AWS::EC2::VPCGatewayAttachment', 'AWS::EC2::EIP'],
]);

/** Undefined: Portway's own stacks have no such resource. */
export function knownProperty(type: string, property: string): KnownProperty | undefined {
  return KNOWN[type]?.[property] ?? KNOWN[type]?.['*'];
}

/** Whether Portway's own stacks have resources of this type. */
export function isKnownType(type: string): boolean {
  return type in KNOWN || OF_CONTENT.has(type);
}

/** Types of the content and its proof, which rows about forwards and settings tell. */
export const OF_CONTENT: ReadonlySet<string> = new Set([
  ...['AWS::SSM::Parameter', 'AWS::CloudFormation::WaitCondition', 'AWS::CloudFormation::WaitConditionHandle'],
]);
