import { Annotations, CfnOutput, Fn, Stack } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { checkStack } from './check-stack';
import { acknowledge } from './constructs/acknowledge';
import { checkSubnet } from './constructs/egress';
import { Gateway } from './constructs/gateway';
import { Network } from './constructs/network';
import { writeReview } from './constructs/review';
import type { GatewaySettings } from './forward/gateway-settings';
import { PLACES } from './forward/known-props';
import { Problems } from './forward/problems';
import { isPortForward, type ResolvedForward, secretsOf } from './forward/resolved';
import { secondConnections } from './forward/second-connections';
import { hostContent } from './host/host-content';
import { memoryMiB } from './host/memory';
import { OPERATING_SYSTEMS } from './host/operating-system';
import type { PortwayStackProps } from './portway-stack-props';

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
      live: checked.onChange === 'live',
    });
    this.network = new Network(this, 'Network', checked.network);
    const routes =
      settings.egress.length > 0 || this.forwards.some((f) => f.engine === 'iptables' && f.preserveClientAddress);
    // Not part of checkStack: the size of user-data depends on the logical ids of a stack whose props are all valid.
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
        liveTrigger: checked.liveTrigger,
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
        checkSubnet(`addEgressSubnets[${i}]`, subnet, { gatewaySubnet: this.network.subnet, from }, problems);
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
