import type { Duration } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { DnsProps } from './constructs/dns';
import type { GatewayEgressProps } from './constructs/egress';
import type { ExistingEipProps } from './constructs/fixed-address';
import type { LiveChangeProps } from './constructs/live-change';
import type { LoginKeyProps } from './constructs/login-key';
import type { MachineProps } from './constructs/machine';
import type { GatewayMonitoringProps } from './constructs/monitoring';
import type { NetworkProps } from './constructs/network';
import type { LiveTrigger, OnChange } from './constructs/on-change';
import type { SshWay } from './forward/admin';
import type { GatewaySettingsProps } from './forward/gateway-settings';
import type { ForwardSet } from './forward/resolve';

/** Props of a gateway: its forwards, the host that carries them, and the network around it. */
export interface PortGatewayProps
  extends ForwardSet,
    MachineProps,
    LoginKeyProps,
    Pick<NetworkProps, 'logEncryptionKey'>,
    LiveChangeProps,
    GatewaySettingsProps {
  /**
   * Makes the gateway the way out to the internet for private networks, which then share its public address.
   * @default the gateway forwards only its forwards
   * @category In the kernel
   * @see docs/nat.md#dynamic-nat-and-pat
   */
  readonly egress?: GatewayEgressProps;
  /**
   * Metrics of the forwards and of the host, and alarms.
   * @default none
   * @category In the kernel
   * @see docs/monitoring/README.md
   */
  readonly monitoring?: GatewayMonitoringProps;
  /**
   * The only source that may reach port 22, in CIDR notation. There is no default.
   * @default none: required, unless `ssh` says that port 22 is open to no network
   * @category Forwards and access
   * @refused a `/0`; host bits, as in `10.0.0.5/24`; no prefix length; together with another `ssh` than `'direct'`
   */
  readonly adminCidr?: string;
  /**
   * How people log in. `'direct'`: port 22 is open to `adminCidr`. `'endpoint'`: through an EC2 Instance Connect Endpoint
   * in the gateway's subnet, which AWS does not charge for; port 22 is open to its security group alone, and IAM decides who
   * may use it. It takes a key, as the direct way does. `'session-manager'`: through the agent that the images of Amazon
   * Linux and Ubuntu have; port 22 is closed, and the host's role gets the rights that the agent needs. `portway ssh`
   * connects in each of these ways. Changing it leaves the host alone.
   * @default 'direct'
   * @category Forwards and access
   * @refused `'session-manager'` with Debian, unless `ami` names an image of yours; `'endpoint'` with `egress` in a subnet
   * whose range is not known at synth
   * @see docs/decisions/login.md
   */
  readonly ssh?: SshWay;
  /**
   * What happens to the host when its forwards change. `'live'`: nothing stops; the running host takes over the
   * change within seconds and proves it. `'restart'`: the same instance stops, gets its new user-data and starts; disk,
   * instance id and address stay. `'replace'`: a new instance starts with an empty disk, proves itself and takes over
   * the address. Changing this value itself restarts the host once between `'live'` and `'restart'` (in an existing
   * `vpc` it replaces it), and replaces it to and from `'replace'`.
   * @default 'live'
   * @category Life of the host
   * @refused `'live'` without a bucket (`-c bootstrapless=true`) where the content makes the template larger than 51,200
   * bytes: bootstrap the account, or set `'restart'`
   * @see docs/decisions/live-changes.md
   */
  readonly onChange?: OnChange;
  /**
   * How the running host learns of a change with `onChange: 'live'`. `'tag'`: by a tag of its instance, which it reads
   * every second without an API call. `'poll'`: it reads its pointer in Parameter Store every 30 s, and the instance shows
   * no tags to its host. Choose `'poll'` if the instance's tags do not fit, or its type is not built on Nitro. It has
   * three prices. A change takes up to 30 s longer. Each host makes some 86,400 more calls a month: Parameter Store
   * takes nothing for them, but CloudTrail charges about $1.73 for each trail after the first, and GuardDuty $0.35. And
   * who may write the stack's parameters is root on the host: with `'tag'` that also takes the right to tag the
   * instance. Changing this value neither restarts nor replaces the host.
   * @default 'tag'
   * @category Life of the host
   * @refused with another `onChange` than `'live'`; `'tag'` with an instance type that is not built on Nitro, such as t2.micro,
   * because it does not notice changed tags, and with a tag on the instance whose key has other characters than letters,
   * digits and `-_+=,.@:`
   * @see docs/decisions/live-changes.md
   */
  readonly liveTrigger?: LiveTrigger;
  /**
   * An existing VPC. Its first public subnet is used, unless `vpcSubnets` chooses one.
   * @default a VPC of its own, 10.0.0.0/16, with one public subnet
   * @category Network
   * @refused a VPC without a public subnet
   */
  // With exactOptionalPropertyTypes, TypeScript does not take an ec2.Vpc for an ec2.IVpc.
  readonly vpc?: ec2.IVpc | ec2.Vpc;
  /**
   * Which public subnet of `vpc`, by the CDK's `SubnetSelection`: `{ availabilityZones: ['eu-central-1b'] }`,
   * `{ subnetGroupName: 'Edge' }`, `{ subnets: [subnet] }`. The first one that it selects is used. Another subnet
   * replaces the host.
   * @default the VPC's first public subnet
   * @category Network
   * @refused without `vpc`; a selection of private subnets, or of none
   */
  readonly vpcSubnets?: ec2.SubnetSelection;
  /**
   * Further security groups of the host, such as a group that admits monitoring. Its own group, with the rules of the
   * forwards, is always there; what any group allows is allowed. AWS's quota is five groups in all. Another list
   * replaces the host: in an existing VPC the groups are part of its network interface.
   * @default none
   * @category Network
   * @refused without `vpc`; an empty list; more than 15
   */
  readonly securityGroups?: readonly ec2.ISecurityGroup[];
  /**
   * An Elastic IP that is there already, for example one that clients know. The host takes it over from whoever has it,
   * once it has proved itself, and `cdk destroy` leaves it. Changing this changes the address, and leaves the host alone.
   * @default a new address, which belongs to the stack
   * @category Network
   */
  readonly eip?: ExistingEipProps;
  /**
   * Names that lead to the gateway, as A records in a hosted zone of Route 53. There are no AAAA records: the IPv6
   * address changes with the host. A name must not have an A record already. Changing the names leaves the host alone.
   * @default none
   * @category Network
   */
  readonly dns?: DnsProps;
  /**
   * The host's role, if it must not have one of its own: EC2 must be allowed to assume it. Portway adds one inline
   * policy, with what this host reads. A role that is imported with `mutable: false` is left as it is, and must have
   * these rights already: `cdk synth` without `role` shows them. Changing the role leaves the host alone.
   * @default a new role
   * @category Machine
   */
  readonly role?: iam.IRole;
  /**
   * Which of the region's availability zones the subnet is in, counted from 0 (0-10). Not every zone has every
   * instance type. Changing it replaces subnet and host. No effect with `vpc`.
   * @default 0
   * @category Network
   */
  readonly availabilityZoneIndex?: number;
  /**
   * Whether the stack's own VPC writes flow logs to CloudWatch, with a saved query of Logs Insights: who sends most. They cost per GB, are kept for a month, and are
   * deleted with the stack.
   * @default false
   * @category Network
   * @refused together with `vpc`
   */
  readonly flowLogs?: boolean;
  /**
   * Whether EC2 reports the host's metrics to CloudWatch every minute instead of every five. It is charged per
   * metric; changing it does not restart the host.
   * @default false
   * @category Network
   * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/manage-detailed-monitoring.html
   */
  readonly detailedMonitoring?: boolean;
  /**
   * Path of your own script, for example to install the application. It runs as root once on each instance, and again
   * when it changes: after the new rules were tried, before they are applied and before the host reports. If it
   * fails, the deploy fails. Its output stays on the host in `/var/log/portway/first-boot.log`, readable by root
   * alone. After a failure its last 20 lines are also on the instance's console, which anyone with
   * `ec2:GetConsoleOutput` can read, so print no secrets.
   * @default none
   * @category Life of the host
   * @refused a file that cannot be read, is not text, has no `#!` line, or has carriage returns
   */
  readonly firstBootScript?: string;
  /**
   * How long a host may take from its start until it reports that it forwards: a CDK `Duration` of 1 minute to 12
   * hours.
   * @default 15 minutes
   * @category Life of the host
   */
  readonly signalTimeout?: Duration;
  /**
   * Deploys the same content again after a failure, if it differs from the last attempt's number (0-1000000).
   * Changing only this restarts or replaces the host.
   * @default 0
   * @category Life of the host
   */
  readonly attempt?: number;
  /**
   * How many rules a security group may have per direction and address family (1-1000). Raise it once AWS has raised
   * your quota.
   * @default 60
   * @category Network
   * @refused forwards that need more; the message says how many
   * @see https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
   */
  readonly maxSecurityGroupRules?: number;
}
