import { createHash } from 'node:crypto';
import { type CfnResource, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { type Family, isEverything } from '../forward/cidr';
import { isToken } from '../forward/token';
import type { TrafficRule } from '../forward/traffic';
import { acknowledge, acknowledgeInPacks } from './acknowledge';

export interface FirewallProps {
  readonly vpc: ec2.IVpc;
  readonly inbound: readonly TrafficRule[];
  readonly outbound: readonly TrafficRule[];
  /**
   * Whether each rule of a forward is a resource of its own, so that a change of one forward leaves the rules of all others alone. With
   * and without it are two groups: CloudFormation cannot move a rule between a group's own list and a resource without losing it for a
   * while.
   */
  readonly separateRules: boolean;
  /** Id of the group of the endpoint that people log in through. Undefined: there is none. */
  readonly endpointGroupId?: string | undefined;
  /** What AWS shows of the group. Never change a text: that would replace the group. Default: that of a gateway's host. */
  readonly description?: string;
}

/** The gateway's security group: allows `inbound` and `outbound`, and nothing else. */
export class Firewall extends Construct {
  readonly securityGroup: ec2.SecurityGroup;
  /** The rules that are resources of their own. */
  readonly rules: readonly CfnResource[];
  private readonly endpointGroupId: string | undefined;

  constructor(scope: Construct, id: string, props: FirewallProps) {
    super(scope, id);
    const { vpc, inbound, outbound, separateRules, description = 'Portway gateway' } = props;
    this.endpointGroupId = props.endpointGroupId;
    this.securityGroup = new ec2.SecurityGroup(this, separateRules ? 'LiveGroup' : 'SecurityGroup', {
      vpc,
      description,
      allowAllOutbound: outbound.some((r) => isAll(r, 4)),
      allowAllIpv6Outbound: outbound.some((r) => isAll(r, 6)),
    });
    // The CDK accepts "all traffic to everyone" only through the properties above, not as a rule.
    const restricted = outbound.filter((r) => !isAll(r, 4) && !isAll(r, 6));
    // The endpoint's group names this one, so a rule in this group's own list would make a circle.
    const isOwn = (rule: TrafficRule) => (separateRules && rule.always !== true) || rule.peer.endpoint === true;
    for (const rule of inbound.filter((r) => !isOwn(r)))
      this.securityGroup.addIngressRule(this.peer(rule), port(rule), describe(rule));
    for (const rule of restricted.filter((r) => !isOwn(r)))
      this.securityGroup.addEgressRule(this.peer(rule), port(rule), describe(rule));
    this.rules = [
      ...inbound.filter(isOwn).map((rule) => this.resource('In', rule)),
      ...restricted.filter(isOwn).map((rule) => this.resource('Out', rule)),
    ];
    acknowledge(
      this,
      'AwsSolutions-EC23',
      'Clients must reach the gateway: forwards without allowFrom are open to everyone; port 22 never is.',
    );
    if (inbound.some(({ protocol }) => protocol === 'icmp'))
      acknowledgeInPacks(
        this,
        'EC2RestrictedSSH',
        'The check takes the rule for pings as one for all ports; port 22 is never open to everyone.',
      );
    if (inbound.some(({ protocol }) => protocol === 'all'))
      acknowledgeInPacks(
        this,
        'EC2RestrictedCommonPorts',
        'Only the private networks in egress.from, whose traffic the gateway routes, may reach all ports.',
      );
  }

  /** A rule as a resource. Its id is what AWS cannot change in a rule: protocol, ports and network. */
  private resource(side: 'In' | 'Out', rule: TrafficRule): CfnResource {
    const { text } = rule.peer;
    const network = isToken(text) ? hash(Stack.of(this).resolve(text)) : text;
    const ports = rule.ports === undefined ? '' : `-${rule.ports.from}-${rule.ports.to}`;
    const id = `${side}-${rule.protocol}${ports}-${network}`;
    const groupId = this.securityGroup.securityGroupId;
    const description = describe(rule);
    return side === 'In'
      ? new ec2.CfnSecurityGroupIngress(this, id, {
          ...{ groupId, description, ...port(rule).toRuleJson(), ...this.peer(rule).toIngressRuleConfig() },
        })
      : new ec2.CfnSecurityGroupEgress(this, id, {
          ...{ groupId, description, ...port(rule).toRuleJson(), ...this.peer(rule).toEgressRuleConfig() },
        });
  }

  private peer({ peer: { text, family, prefixList, endpoint } }: TrafficRule): ec2.IPeer {
    if (endpoint === true && this.endpointGroupId !== undefined) return ec2.Peer.securityGroupId(this.endpointGroupId);
    if (prefixList !== undefined) return ec2.Peer.prefixList(prefixList.id);
    return family === 4 ? ec2.Peer.ipv4(text) : ec2.Peer.ipv6(text);
  }
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 8);
}

/** All traffic, to every address of a family. */
function isAll({ protocol, peer }: TrafficRule, family: Family): boolean {
  return protocol === 'all' && peer.family === family && isEverything(peer);
}

function port({ protocol, ports }: TrafficRule): ec2.Port {
  if (protocol === 'all') return ec2.Port.allTraffic();
  if (protocol === 'icmp') return ec2.Port.icmpPing();
  // Type and code of an echo request. The CDK's own constant allows any code, which is valid with a type only in ICMPv4.
  // @see RFC 4443, section 4.1
  if (protocol === 'icmpv6')
    return new ec2.Port({
      protocol: ec2.Protocol.ICMPV6,
      fromPort: 128,
      toPort: 0,
      stringRepresentation: 'ICMPv6 ping',
    });
  if (ports === undefined)
    return new ec2.Port({ protocol: `${protocol}` as ec2.Protocol, stringRepresentation: `protocol ${protocol}` });
  const { from, to } = ports;
  if (from === to) return protocol === 'tcp' ? ec2.Port.tcp(from) : ec2.Port.udp(from);
  return protocol === 'tcp' ? ec2.Port.tcpRange(from, to) : ec2.Port.udpRange(from, to);
}

/** AWS limits descriptions to 255 characters. */
function describe({ reasons }: TrafficRule): string {
  const text = reasons.join(', ');
  return text.length > 255 ? `${text.slice(0, 252)}...` : text;
}
