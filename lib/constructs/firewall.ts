import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { type Family, isEverything } from '../forward/cidr';
import type { TrafficRule } from '../forward/traffic';
import { acknowledge, acknowledgeInPacks } from './acknowledge';

export interface FirewallProps {
  readonly vpc: ec2.IVpc;
  readonly inbound: readonly TrafficRule[];
  readonly outbound: readonly TrafficRule[];
}

/** The gateway's security group: allows `inbound` and `outbound`, and nothing else. */
export class Firewall extends Construct {
  readonly securityGroup: ec2.SecurityGroup;

  constructor(scope: Construct, id: string, { vpc, inbound, outbound }: FirewallProps) {
    super(scope, id);
    this.securityGroup = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc,
      // Never change this text: that would replace the group.
      description: 'Portway gateway',
      allowAllOutbound: outbound.some((r) => isAll(r, 4)),
      allowAllIpv6Outbound: outbound.some((r) => isAll(r, 6)),
    });
    for (const rule of inbound) this.securityGroup.addIngressRule(peer(rule), port(rule), describe(rule));
    // The CDK accepts "all traffic to everyone" only through the properties above, not as a rule.
    for (const rule of outbound.filter((r) => !isAll(r, 4) && !isAll(r, 6)))
      this.securityGroup.addEgressRule(peer(rule), port(rule), describe(rule));
    acknowledge(
      this,
      'AwsSolutions-EC23',
      'Clients must reach the gateway: forwards without allowFrom are open to everyone; port 22 never is.',
    );
    if (inbound.some(({ protocol }) => protocol === 'icmp'))
      acknowledgeInPacks(
        this,
        'EC2RestrictedSSH',
        'The check takes the rule for pings as one for all ports; port 22 is open to the admin CIDR only.',
      );
    if (inbound.some(({ protocol }) => protocol === 'all'))
      acknowledgeInPacks(
        this,
        'EC2RestrictedCommonPorts',
        'Only the private networks in egress.from, whose traffic the gateway routes, may reach all ports.',
      );
  }
}

/** All traffic, to every address of a family. */
function isAll({ protocol, peer }: TrafficRule, family: Family): boolean {
  return protocol === 'all' && peer.family === family && isEverything(peer);
}

function peer({ peer: { text, family } }: TrafficRule): ec2.IPeer {
  return family === 4 ? ec2.Peer.ipv4(text) : ec2.Peer.ipv6(text);
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
