import { Annotations, type CfnResource, type CfnWaitCondition, type Duration, Stack, Tags } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { SshWay } from '../forward/admin';
import type { Problems } from '../forward/problems';
import type { ChallengeRecords } from '../forward/resolved';
import type { SecretSource } from '../forward/tls';
import type { TrafficRule } from '../forward/traffic';
import { storedContent } from '../host/content/stored-content';
import type { UserData } from '../host/content/user-data';
import type { HostContent } from '../host/host-content';
import type { HostLogGroups } from '../host/monitoring';
import type { OperatingSystem } from '../host/operating-system';
import { acknowledge, acknowledgeInPacks } from './acknowledge';
import { grantChallenges } from './acme-rights';
import { cloudWatchLogs } from './cloud-watch-logs';
import { ContentStore } from './content-store';
import { GatewayDashboard, type GatewayDashboardProps } from './dashboard';
import { Dns, type DnsProps } from './dns';
import { routeTableKey } from './egress';
import { Firewall } from './firewall';
import { type ExistingEipProps, fixedAddress } from './fixed-address';
import { GatewayConnections } from './gateway-connections';
import { grantSessions, hostRole } from './host-role';
import { joinedLines } from './lines';
import { Live } from './live';
import { LoginEndpoint } from './login-endpoint';
import { type LoginKeyProps, loginKey } from './login-key';
import type { Machine } from './machine';
import type { Network } from './network';
import type { LiveTrigger, OnChange } from './on-change';
import { Proof } from './proof';
import { templateRoom } from './template-room';
import { userData } from './user-data';
import { Watch, type WatchProps } from './watch';

export interface GatewayProps extends LoginKeyProps {
  /** Its name in the account and region: see `gatewayName`. */
  readonly name: string;
  readonly network: Network;
  readonly machine: Machine;
  readonly os: OperatingSystem;
  readonly content: HostContent;
  readonly ssh: SshWay;
  readonly inbound: readonly TrafficRule[];
  readonly outbound: readonly TrafficRule[];
  /** Groups of the instance besides its own. */
  readonly securityGroups: readonly ec2.ISecurityGroup[];
  /** Undefined: a new address. */
  readonly eip: ExistingEipProps | undefined;
  /** Undefined: no names. */
  readonly dns: DnsProps | undefined;
  /** Undefined: a new role. */
  readonly role: iam.IRole | undefined;
  /** Secrets that hold the host's certificates. */
  readonly secrets: readonly SecretSource[];
  /** Records by which the host shows CAs that domains are its own. */
  readonly challenges: readonly ChallengeRecords[];
  readonly onChange: OnChange;
  /** Where the host writes in CloudWatch Logs, if it does. */
  readonly logGroups: HostLogGroups;
  /** Only with onChange 'live'. */
  readonly liveTrigger: LiveTrigger;
  readonly signalTimeout: Duration;
  readonly attempt: number;
  readonly detailedMonitoring: boolean;
  /** About how many bytes of the template alarms and a dashboard will take. */
  readonly added: number;
  /** Whether the host has an IPv6 address. */
  readonly ipv6: boolean;
  /** Whether the host forwards packets that are not from or to its own address: egress traffic, or preserved client addresses. */
  readonly routes: boolean;
}

/** The host that forwards: security group, role, instance, its proof, and the fixed address, which it gets once it has proved itself. */
export class Gateway extends Construct implements ec2.IConnectable, iam.IGrantable {
  readonly connections: ec2.Connections;
  readonly grantPrincipal: iam.IPrincipal;
  readonly instance: ec2.Instance;
  /** The fixed public address (Elastic IP). */
  readonly address: string;
  readonly userData: UserData;
  readonly condition: CfnWaitCondition;
  private readonly association: ec2.CfnEIPAssociation;
  /** The last resource before the address: the host's report, or a later one added by `putBeforeAddress`. */
  private beforeAddress: CfnResource;

  constructor(scope: Construct, id: string, props: GatewayProps, problems: Problems) {
    super(scope, id);
    const { network, machine } = props;
    const isLive = props.onChange === 'live';
    const login = props.ssh === 'endpoint' ? new LoginEndpoint(this, 'Login', network) : undefined;
    const { securityGroup, rules } = new Firewall(this, 'Firewall', {
      vpc: network.vpc,
      inbound: props.inbound,
      outbound: props.outbound,
      separateRules: isLive,
      endpointGroupId: login?.group.attrGroupId,
    });
    login?.leadTo(securityGroup);
    this.connections = new GatewayConnections(securityGroup);
    const keyPair = loginKey(this, props);
    const proof = new Proof(this, 'Proof', {
      // Restart and replace give the instance different logical ids.
      subject: props.onChange,
      timeout: props.signalTimeout,
      attempt: props.attempt,
    });
    const eip = fixedAddress(this, props.eip);
    this.address = eip.publicIp;
    const { host: role, principal } = hostRole(this, props.role);
    // lib/forward is CDK-free, so it cannot name IGrantable.
    for (const secret of props.secrets) secret.grantRead(role as never);
    grantChallenges(this, role, props.challenges);
    this.grantPrincipal = principal;
    if (props.ssh === 'session-manager') grantSessions(role);
    const { name, content, attempt, liveTrigger: trigger } = props;
    const groups = cloudWatchLogs(this, props.logGroups, role);
    const counts = { all: props.inbound.length + props.outbound.length, apart: rules.length };
    const room = templateRoom(Stack.of(this), counts, props.added);
    const stored = storedContent(content, problems, { ...room, isLive });
    const live = isLive ? new Live(this, 'Live', { content: stored.content, trigger }) : undefined;
    const after = [...rules, ...groups];
    const store = new ContentStore(this, 'Part', {
      ...{ name, stored, attempt, generation: proof.generation, reader: role, after },
      ...(live === undefined ? {} : { live: live.report }),
    });
    this.userData = userData({ name, stored, store, boot: proof, namesContent: !isLive });

    this.instance = new ec2.Instance(this, 'Instance', {
      vpc: network.vpc,
      vpcSubnets: { subnets: [network.subnet] },
      // In our own VPC the subnet assigns the address. Setting it here would move subnet and security groups into
      // NetworkInterfaces, where every change replaces the host.
      ...(network.isForeign ? { associatePublicIpAddress: true } : {}),
      ...(props.ipv6 && !network.isForeign ? { ipv6AddressCount: 1 } : {}),
      // By default EC2 drops packets that are neither from nor to the instance.
      ...(props.routes ? { sourceDestCheck: false } : {}),
      instanceType: new ec2.InstanceType(machine.instanceType),
      machineImage: machineImage(machine),
      securityGroup,
      role,
      ...(keyPair === undefined ? {} : { keyPair }),
      ...(props.detailedMonitoring ? { detailedMonitoring: true } : {}),
      userData: ec2.UserData.custom(joinedLines(this.userData.text)),
      userDataCausesReplacement: props.onChange === 'replace',
      httpTokens: ec2.HttpTokens.REQUIRED,
      httpPutResponseHopLimit: 1,
      ...(isLive && trigger === 'tag' ? { instanceMetadataTags: true } : {}),
      blockDevices: [
        {
          deviceName: machine.rootDevice,
          volume: ec2.BlockDeviceVolume.ebs(machine.diskGiB, {
            volumeType: ec2.EbsDeviceVolumeType.GP3,
            encrypted: true,
          }),
        },
      ],
    });
    for (const group of props.securityGroups) this.instance.addSecurityGroup(group);
    // The content must exist before the host boots. Its role, with the right to read it, is a dependency by itself.
    this.instance.instance.node.addDependency(store.pointer);
    // The CDK rejects the count together with a public address, but EC2 accepts both on a network interface.
    if (props.ipv6 && network.isForeign)
      this.instance.instance.addPropertyOverride('NetworkInterfaces.0.Ipv6AddressCount', 1);
    Tags.of(this.instance).add('Name', props.name);
    acknowledge(
      this.instance,
      'CloudFormation-Validate::W9010',
      'The ami prop names an AMI of one region by design; without it EC2 resolves a public parameter.',
    );
    acknowledge(
      this.instance,
      'CloudFormation-Validate::E1152',
      'EC2 resolves resolve:ssm itself at launch; validators know only AMI ids.',
    );
    if (network.isForeign)
      acknowledge(
        this.instance,
        'CloudFormation-Validate::W3010',
        'The subnet of an existing VPC determines the zone.',
      );
    if (!props.detailedMonitoring) {
      const reason = 'Detailed monitoring costs extra; detailedMonitoring: true turns it on.';
      acknowledge(this.instance, 'AwsSolutions-EC28', reason);
      acknowledgeInPacks(this.instance, 'EC2InstanceDetailedMonitoringEnabled', reason);
    }
    if (network.isForeign) {
      acknowledgeInPacks(this.instance, 'EC2InstanceNoPublicIp', 'The gateway is what the internet reaches.');
      acknowledgeInPacks(
        this.instance,
        'EC2InstancesInVPC',
        'The rule looks for a subnet of the instance, and does not see that of its network interface.',
      );
    }
    acknowledge(
      this.instance,
      'AwsSolutions-EC29',
      'The host keeps no state that a new deploy does not bring back; destroy has to leave nothing.',
    );
    if (keyPair === undefined && props.ssh !== 'session-manager') {
      Annotations.of(this).addWarningV2(
        'portway:nobodyCanLogIn',
        `Port 22 is open to ${login === undefined ? 'the admin CIDR' : 'the login endpoint'}, but the host takes no key: give keyPairName or sshPublicKey (-c sshPublicKey="$(cat ~/.ssh/id_ed25519.pub)").`,
      );
    }

    this.condition = proof.waitFor(this.instance.instance);
    // A host that fails would start a rollback, and CloudFormation cannot delete an endpoint that is still being made.
    // @see https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2000
    if (login !== undefined) this.condition.addResourceDependency(login.endpoint);
    live?.attach(this.instance, this.condition);
    // A host gets the address only after it has proved itself. No resource may depend on this one: if it failed, the rollback would
    // return to an association that no longer exists.
    this.association = new ec2.CfnEIPAssociation(this, 'AddressAssociation', {
      allocationId: eip.allocationId,
      instanceId: this.instance.instanceId,
    });
    this.association.addResourceDependency(this.condition);
    this.beforeAddress = this.condition;
    // Booting needs the route, and the internet gateway cannot be detached while public addresses are in use.
    for (const resource of [eip.resource, this.association, this.instance.instance])
      resource?.node.addDependency(...network.internet);
    if (props.dns !== undefined) new Dns(this, 'Dns', props.dns, { address: this.address });
  }

  /** The logical id of the address's association: see `Plan`. */
  get associationId(): string {
    return this.association.logicalId;
  }

  /** Recovers or reboots the host when EC2's status checks fail, and tells what else `props` name. */
  watch(props: Omit<WatchProps, 'instanceId'>): Watch {
    const watch = new Watch(this, 'Watch', { ...props, instanceId: this.instance.instanceId });
    // Only after the host has proved itself: a reboot during setup would hide why it fails.
    for (const alarm of watch.alarms) this.putBeforeAddress(alarm.node.defaultChild as CfnResource);
    return watch;
  }

  /** A dashboard of what EC2 measures of the host, and of its alarms. */
  show(props: Omit<GatewayDashboardProps, 'instanceId'>): void {
    new GatewayDashboard(this, 'Dashboard', { ...props, instanceId: this.instance.instanceId });
  }

  /** Routes a subnet's outbound traffic to the host: IPv4, and IPv6 on request. Subnets with the same route table share the route. */
  leadOut(subnet: ec2.ISubnet, { ipv6 }: { readonly ipv6: boolean }): void {
    const key = routeTableKey(subnet);
    const destinations = [
      [`EgressRoute${key}`, { destinationCidrBlock: '0.0.0.0/0' }],
      ...(ipv6 ? [[`EgressRoute6${key}`, { destinationIpv6CidrBlock: '::/0' }] as const] : []),
    ] as const;
    for (const [id, destination] of destinations) {
      if (this.node.tryFindChild(id) !== undefined) continue;
      const { routeTableId } = subnet.routeTable;
      this.putBeforeAddress(
        new ec2.CfnRoute(this, id, { ...destination, routeTableId, instanceId: this.instance.instanceId }),
      );
    }
  }

  /**
   * Creates a resource after the host has proved itself and before it gets the address, which stays last. The resources form a
   * chain, so that the condition, whose id changes with the content, has a single dependent.
   * @see https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2220
   */
  private putBeforeAddress(resource: CfnResource): void {
    this.association.removeResourceDependency(this.beforeAddress);
    resource.addResourceDependency(this.beforeAddress);
    this.association.addResourceDependency(resource);
    this.beforeAddress = resource;
  }
}

/** EC2 resolves `resolve:ssm` when it launches the instance, so a new image never changes the template. */
function machineImage({ image }: Machine): ec2.IMachineImage {
  if ('parameter' in image) return ec2.MachineImage.resolveSsmParameterAtLaunch(image.parameter);
  return {
    getImage: () => ({ imageId: image.id, osType: ec2.OperatingSystemType.LINUX, userData: ec2.UserData.forLinux() }),
  };
}
