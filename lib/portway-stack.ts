import { Annotations, CfnOutput, type Duration, Fn, Stack } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { checkStack } from './check-stack';
import { acknowledge } from './constructs/acknowledge';
import type { CdkStackProps } from './constructs/cdk-stack-props';
import { checkSubnet, type GatewayEgressProps } from './constructs/egress';
import { Gateway, type OnChange } from './constructs/gateway';
import type { LoginKeyProps } from './constructs/login-key';
import type { MachineProps } from './constructs/machine';
import { Network, type NetworkProps } from './constructs/network';
import { writeReview } from './constructs/review';
import type { GatewaySettings, GatewaySettingsProps } from './forward/gateway-settings';
import { PLACES } from './forward/known-props';
import { Problems } from './forward/problems';
import { secretsOf } from './forward/read-tls';
import type { ForwardSet } from './forward/resolve';
import { isPortForward, type ResolvedForward } from './forward/resolved';
import { secondConnections } from './forward/second-connections';
import { hostContent } from './host/host-content';
import { memoryMiB } from './host/memory';
import { OPERATING_SYSTEMS } from './host/operating-system';

/** Props of the stack: its forwards, the host that carries them, and the network around it. */
export interface PortwayStackProps
  extends CdkStackProps,
    ForwardSet,
    MachineProps,
    LoginKeyProps,
    Pick<NetworkProps, 'logEncryptionKey'>,
    GatewaySettingsProps {
  /**
   * Makes the gateway the way out to the internet for private networks, which then share its public address.
   * @default the gateway forwards only its forwards
   * @category In the kernel
   * @see docs/nat.md#dynamic-nat-and-pat
   */
  readonly egress?: GatewayEgressProps;
  /**
   * The only source that may reach port 22, in CIDR notation. There is no default.
   * @category Forwards and access
   * @refused a `/0`; host bits, as in `10.0.0.5/24`; no prefix length
   */
  readonly adminCidr: string;
  /**
   * What happens to the host when its forwards change. `'restart'`: the same instance stops, gets its new user-data
   * and starts; disk, instance id and address stay. `'replace'`: a new instance starts with an empty disk, proves
   * itself and takes over the address. Changing this value itself replaces the host once.
   * @default 'restart'
   * @category Life of the host
   */
  readonly onChange?: OnChange;
  /**
   * An existing VPC; its first public subnet is used.
   * @default a VPC of its own, 10.0.0.0/16, with one public subnet
   * @category Network
   * @refused a VPC without a public subnet
   */
  readonly vpc?: ec2.IVpc;
  /**
   * Which of the region's availability zones the subnet is in, counted from 0 (0-10). Not every zone has every
   * instance type. Changing it replaces subnet and host. No effect with `vpc`.
   * @default 0
   * @category Network
   */
  readonly availabilityZoneIndex?: number;
  /**
   * Whether the stack's own VPC writes flow logs to CloudWatch. They cost per GB, are kept for a month, and are
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

/**
 * A gateway in its network.
 * @throws PortwayError listing every problem with its props
 */
export class PortwayStack extends Stack {
  /** The host and everything that belongs to it. Grant further rights to `gateway.instance.role`. */
  readonly gateway: Gateway;
  /** The checked forwards. */
  readonly forwards: readonly ResolvedForward[];
  /** The VPC, and the subnet that the gateway is in. */
  readonly network: Network;
  private readonly settings: GatewaySettings;
  private readonly availabilityZoneIndex: number;

  constructor(scope: Construct, id: string, props: PortwayStackProps) {
    const checked = checkStack(props);
    super(scope, id, { description: 'Port forwarding by Portway', ...checked.cdk, analyticsReporting: false });
    this.forwards = checked.forwards;
    this.settings = checked.settings;
    this.availabilityZoneIndex = checked.availabilityZoneIndex;
    const { settings, machine, inbound, outbound, firstBootScript } = checked;
    const os = OPERATING_SYSTEMS[machine.os];
    const content = hostContent({
      forwards: this.forwards,
      settings,
      os,
      memoryMiB: memoryMiB(machine.instanceType),
      ...(firstBootScript === undefined ? {} : { firstBootScript }),
    });
    this.network = new Network(this, 'Network', checked.network);
    const routes =
      settings.egress.length > 0 || this.forwards.some((f) => f.engine === 'iptables' && f.preserveClientAddress);
    // Only a stack knows its name and logical ids, so only now can the size of user-data be checked.
    const problems = new Problems(PLACES);
    const gateway = new Gateway(
      this,
      'Gateway',
      {
        ...checked.loginKey,
        network: this.network,
        machine,
        os,
        content,
        inbound,
        outbound,
        secrets: secretsOf(this.forwards),
        onChange: checked.onChange,
        signalTimeout: checked.signalTimeout,
        attempt: checked.attempt,
        detailedMonitoring: checked.detailedMonitoring,
        ipv6: settings.ipv6,
        routes,
      },
      problems,
    );
    problems.throwIfAny();

    this.gateway = gateway;
    if (checked.egress !== undefined) {
      gateway.watch(checked.egress.alarmTopic);
      for (const subnet of checked.egress.subnets) this.leadOut(subnet);
    }
    for (const forward of this.forwards) {
      const warning = secondConnections(forward);
      if (warning !== undefined)
        Annotations.of(gateway).addWarningV2(`portway:secondConnections-${forward.name}`, warning);
    }
    this.addOutputs(gateway, os.sshUser);
    writeReview(gateway, {
      forwards: this.forwards,
      settings,
      content,
      userData: gateway.userData,
      inbound,
      outbound,
    });
  }

  /**
   * Makes the gateway the way out for private subnets that are created after the stack, in its own VPC
   * (`network.vpc`) for example. Requires `egress`, whose `from` must contain them.
   * @throws PortwayError listing every subnet that cannot be routed, and why
   */
  addEgressSubnets(...subnets: readonly ec2.ISubnet[]): void {
    const problems = new Problems(PLACES);
    const from = this.settings.egress.map((c) => c.text);
    if (from.length === 0)
      problems.add('addEgressSubnets', "must go with egress, such as { from: ['10.0.0.0/16'] }, in the stack's props");
    else
      subnets.forEach((subnet, i) => {
        checkSubnet(`addEgressSubnets[${i}]`, subnet, { own: this.network.subnet, from }, problems);
      });
    problems.throwIfAny();
    for (const subnet of subnets) this.leadOut(subnet);
  }

  /** Routes IPv6 only if `egress.from` has IPv6 networks: an egress-only internet gateway would do it without translation. */
  private leadOut(subnet: ec2.ISubnet): void {
    this.gateway.leadOut(subnet, { ipv6: this.settings.egress.some((c) => c.family === 6) });
  }

  /** Resolved at deploy time, so synth never calls AWS, even for a stack with an account and region. */
  override get availabilityZones(): string[] {
    return [Fn.select(this.availabilityZoneIndex ?? 0, Fn.getAzs())];
  }

  private addOutputs(gateway: Gateway, sshUser: string): void {
    const output = (id: string, value: string, description: string) => new CfnOutput(this, id, { value, description });
    output('Address', gateway.address, 'The fixed public address');
    for (const forward of this.forwards) {
      const url = publicUrl(forward, gateway.address);
      if (url !== undefined)
        output(`Url${forward.name.replaceAll('-', '')}`, url, `Where forward ${forward.name} is reached`);
    }
    output('SshCommand', `ssh ${sshUser}@${gateway.address}`, 'From the admin CIDR only');
    output('InstanceId', gateway.instance.instanceId, 'The host that forwards');
    output('Report', gateway.condition.attrData.toString(), 'What the host reported: content hash, boot id, time');
    acknowledge(
      this,
      'CloudFormation-Validate::F6101',
      'Data of a wait condition is a JSON text, as its user guide shows; only its schema says object.',
    );
  }
}

function publicUrl(forward: ResolvedForward, gateway: string): string | undefined {
  if (!isPortForward(forward)) return undefined;
  // A certificate from a CA names domains, not the address.
  const address = forward.kind === 'https' && forward.tls.source === 'acme' ? forward.tls.domains[0] : gateway;
  const { kind, transport, listen } = forward;
  // A TLS forward answers only clients that ask for a host name.
  if (transport === 'udp' || kind === 'tls' || listen.from !== listen.to) return undefined;
  const port = listen.from;
  if (kind === 'https' || (kind === 'tcp' && port === 443))
    return `https://${address}${port === 443 ? '' : `:${port}`}`;
  if (kind === 'http' || port === 80) return `http://${address}${port === 80 ? '' : `:${port}`}`;
  return undefined;
}
