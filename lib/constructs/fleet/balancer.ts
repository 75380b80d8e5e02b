import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct, type IDependable } from 'constructs';
import type { TrafficRule } from '../../forward/traffic';
import { HEALTH_PORT } from '../../host/fleet';
import { acknowledge, acknowledgeInPacks } from '../acknowledge';
import { Firewall } from '../firewall';
import type { ExistingEipProps, FixedAddress } from '../fixed-address';
import type { Network } from '../network';
import type { Listener } from './listeners';

export interface BalancerProps {
  readonly network: Network;
  readonly listeners: readonly Listener[];
  /** What its group admits. */
  readonly inbound: readonly TrafficRule[];
  /** Its addresses, one a zone. Undefined: new ones. */
  readonly eips: readonly ExistingEipProps[] | undefined;
  /** What IPv6 needs to be there. Undefined: IPv4 alone. */
  readonly ipv6: readonly IDependable[] | undefined;
}

/** The names of a balancer's dimensions in CloudWatch. */
export interface BalancerMeasured {
  readonly name: string;
  /** Of its target groups, by protocol and port, such as `TCP-80`. */
  readonly groups: Readonly<Record<string, string>>;
  readonly zones: readonly string[];
}

/** How often each zone's balancer asks a host, in seconds, and how many answers change its mind. */
export const HEALTH_CHECK = { seconds: 10, answers: 2 } as const;

/** How long a host that goes keeps its connections, in seconds. */
export const DRAIN_SECONDS = 300;

/** The longest that AWS takes, in seconds. Its default is 350: fewer than many clients' keep-alive, and a single gateway's is a day. */
const TCP_IDLE_SECONDS = 6000;

/**
 * A Network Load Balancer with a fixed address in each zone, and a listener and a target group for each port.
 *
 * It has a security group from the start, since a balancer that is created without one can never get one. Hosts see the
 * clients' addresses, or are told them by the PROXY protocol, so their limits and lists apply. Each zone's address leads to that zone's hosts alone: with
 * cross-zone balancing, a client behind several zones' addresses may get the same port twice on one host, whose
 * connections are then reset. Hosts are targets by IPv4: it translates what IPv6 clients send.
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html#client-ip-preservation
 */
export class Balancer extends Construct {
  /** The fixed addresses, one a zone. */
  readonly addresses: readonly string[];
  readonly logicalId: string;
  /** For alias records. */
  readonly dnsName: string;
  readonly hostedZoneId: string;
  /** Whether its name has IPv6 addresses too. */
  readonly hasIpv6: boolean;
  readonly securityGroup: ec2.SecurityGroup;
  /** Rules of its group that are resources of their own. */
  readonly rules: readonly Construct[];
  readonly listeners: readonly elb.CfnListener[];
  readonly targetGroupArns: readonly string[];
  /** What CloudWatch knows it by. */
  readonly measured: BalancerMeasured;

  constructor(scope: Construct, id: string, { network, listeners, inbound, eips, ipv6 }: BalancerProps) {
    super(scope, id);
    const { vpc, subnets } = network;
    const { securityGroup, rules } = new Firewall(this, 'Firewall', {
      ...{ vpc, inbound, outbound: [], separateRules: true },
      description: 'Portway balancer',
    });
    this.securityGroup = securityGroup;
    this.rules = rules;
    const addresses: readonly FixedAddress[] =
      eips ??
      subnets.map((_, i) => {
        const resource = new ec2.CfnEIP(this, `Address${i + 1}`, { domain: 'vpc' });
        // An internet gateway cannot be detached while public addresses are in use.
        resource.node.addDependency(...network.internet);
        return { allocationId: resource.attrAllocationId, publicIp: resource.ref };
      });
    this.addresses = addresses.map(({ publicIp }) => publicIp);
    const balancer = new elb.CfnLoadBalancer(this, 'Balancer', {
      ...{ type: 'network', scheme: 'internet-facing', ipAddressType: ipv6 === undefined ? 'ipv4' : 'dualstack' },
      securityGroups: [securityGroup.securityGroupId],
      subnetMappings: subnets.map(({ subnetId }, i) => ({
        subnetId,
        allocationId: addresses[i]?.allocationId ?? '',
      })),
      loadBalancerAttributes: [{ key: 'load_balancing.cross_zone.enabled', value: 'false' }],
    });
    balancer.node.addDependency(...network.internet, ...(ipv6 ?? []));
    this.logicalId = balancer.logicalId;
    this.dnsName = balancer.attrDnsName;
    this.hasIpv6 = ipv6 !== undefined;
    this.hostedZoneId = balancer.attrCanonicalHostedZoneId;
    const made = listeners.map((listener) => this.listen(listener, { balancer, vpc }));
    this.listeners = made.map(({ listener }) => listener);
    this.targetGroupArns = made.map(({ group }) => group.ref);
    this.measured = {
      name: balancer.attrLoadBalancerFullName,
      groups: Object.fromEntries(made.map(({ id: what, group }) => [what, group.attrTargetGroupFullName])),
      zones: subnets.map(({ availabilityZone }) => availabilityZone),
    };
    this.explain(balancer);
  }

  /**
   * A listener and its target group. Each is named by what AWS cannot change in it: a target group's protocol and port, and of a listener
   * only the port, of which there can be one. So a port that begins to take UDP keeps its listener, and gets another target group.
   * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-listener.html
   */
  private listen(
    { port, protocol, proxyProtocol }: Listener,
    { balancer, vpc }: { readonly balancer: elb.CfnLoadBalancer; readonly vpc: ec2.IVpc },
  ) {
    const id = `${protocol}-${port}`;
    const attribute = (key: string, value: string | number) => ({ key, value: `${value}` });
    const group = new elb.CfnTargetGroup(this, `Hosts-${id}`, {
      ...{ protocol, port, vpcId: vpc.vpcId, targetType: 'instance' },
      ...{ healthCheckProtocol: 'HTTP', healthCheckPort: `${HEALTH_PORT}`, healthCheckPath: '/' },
      matcher: { httpCode: '200' },
      healthCheckIntervalSeconds: HEALTH_CHECK.seconds,
      healthyThresholdCount: HEALTH_CHECK.answers,
      unhealthyThresholdCount: HEALTH_CHECK.answers,
      targetGroupAttributes: [
        attribute('preserve_client_ip.enabled', `${proxyProtocol !== true}`),
        ...(proxyProtocol ? [attribute('proxy_protocol_v2.enabled', 'true')] : []),
        attribute('deregistration_delay.timeout_seconds', DRAIN_SECONDS),
      ],
    });
    const listener = new elb.CfnListener(this, `Listener-${port}`, {
      ...{ loadBalancerArn: balancer.ref, port, protocol },
      defaultActions: [{ type: 'forward', targetGroupArn: group.ref }],
      ...(protocol !== 'UDP' ? { listenerAttributes: [attribute('tcp.idle_timeout.seconds', TCP_IDLE_SECONDS)] } : {}),
    });
    return { id, group, listener };
  }

  private explain(balancer: elb.CfnLoadBalancer): void {
    acknowledge(
      balancer,
      'AwsSolutions-ELB2',
      'A Network Load Balancer logs only TLS that it ends itself, and ours ends none.',
    );
    for (const [rule, reason] of [
      ['ELBLoggingEnabled', 'A Network Load Balancer logs only TLS that it ends itself, and ours ends none.'],
      ['ELBDeletionProtectionEnabled', 'cdk destroy has to leave nothing.'],
      ['ELBCrossZoneLoadBalancingEnabled', 'Each zone has hosts of its own; see the class.'],
      ['ELBv2ACMCertificateRequired', 'It hands TLS on to the hosts, which have the certificates.'],
      ['ELBTlsHttpsListenersOnly', 'It hands TLS on to the hosts, which have the certificates.'],
    ] as const)
      acknowledgeInPacks(this, rule, reason);
  }
}
