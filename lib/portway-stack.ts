import { CfnOutput, Fn, Stack } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { BuiltGateway } from './built-gateway';
import { checkStack, standIn } from './check-stack';
import { acknowledge } from './constructs/acknowledge';
import type { Gateway } from './constructs/gateway';
import type { Network } from './constructs/network';
import { warnOfUnreadContext } from './context';
import type { SshWay } from './forward/admin';
import { isPortForward, type ResolvedForward } from './forward/resolved';
import { outputLine } from './operate/ssh/ways';
import type { PortwayStackProps } from './portway-stack-props';
import { reportProblems } from './refused';

/**
 * A stack with one gateway, and outputs that say how to reach it.
 * @throws PortwayError listing every problem with its props; under the CDK CLI they are printed instead, and nothing is
 * deployed
 */
export class PortwayStack extends Stack {
  /** The host and everything that belongs to it. Grant it further rights by `bucket.grantRead(stack.gateway)`. */
  readonly gateway: Gateway;
  /** The checked forwards. */
  readonly forwards: readonly ResolvedForward[];
  /** The VPC, and the subnet that the gateway is in. */
  readonly network: Network;
  private readonly built: BuiltGateway;
  private readonly availabilityZoneIndex: number;

  constructor(scope: Construct, id: string, props: PortwayStackProps) {
    const checked = reportProblems(
      scope.node.path === '' ? id : `${scope.node.path}/${id}`,
      () => checkStack(props),
      () => ({ ...standIn(props), cdk: {} }),
    );
    super(scope, id, { description: 'Port forwarding by Portway', ...checked.cdk, analyticsReporting: false });
    this.availabilityZoneIndex = checked.availabilityZoneIndex;
    this.built = new BuiltGateway(this, checked);
    this.gateway = this.built.host;
    this.forwards = this.built.forwards;
    this.network = this.built.network;
    this.addOutputs();
    warnOfUnreadContext(this, props);
  }

  /**
   * Makes the gateway the way out for private subnets that are created after the stack, in its own VPC
   * (`network.vpc`) for example. Requires `egress`, whose `from` must contain them.
   * @throws PortwayError listing every subnet that cannot be routed, and why
   */
  addEgressSubnets(...subnets: readonly ec2.ISubnet[]): void {
    this.built.addEgressSubnets(...subnets);
  }

  /** Resolved at deploy time, so synth never calls AWS, even for a stack with an account and region. */
  override get availabilityZones(): string[] {
    return [Fn.select(this.availabilityZoneIndex ?? 0, Fn.getAzs())];
  }

  private addOutputs(): void {
    const { gateway } = this;
    const { login } = this.built;
    const output = (id: string, value: string, description: string) => new CfnOutput(this, id, { value, description });
    output('Address', gateway.address, 'The fixed address');
    for (const forward of this.forwards) {
      const url = publicUrl(forward, gateway.address);
      if (url !== undefined) output(`Url${forward.name.replaceAll('-', '')}`, url, `Reaches ${forward.name}`);
    }
    const { instanceId } = gateway.instance;
    output('SshCommand', outputLine({ ...login, address: gateway.address, instanceId }), SSH_NEEDS[login.way]);
    output('InstanceId', instanceId, 'The host');
    output('Report', gateway.condition.attrData.toString(), 'Its report');
    acknowledge(
      this,
      'CloudFormation-Validate::F6101',
      'Data of a wait condition is a JSON text, as its user guide shows; only its schema says object.',
    );
  }
}

/** Who gets in. */
const SSH_NEEDS: Readonly<Record<SshWay, string>> = {
  direct: 'For the admin CIDR',
  endpoint: 'Through the EC2 Instance Connect Endpoint: takes the right ec2-instance-connect:OpenTunnel',
  'session-manager': 'Through Session Manager: takes the right ssm:StartSession',
};

function publicUrl(forward: ResolvedForward, gateway: string): string | undefined {
  if (!isPortForward(forward)) return undefined;
  // A certificate from a CA names domains, not the address. A star is no name to go to.
  const address =
    forward.kind === 'https' && forward.tls.source === 'acme'
      ? forward.tls.domains.find((domain) => !domain.startsWith('*'))
      : gateway;
  const { kind, transport, listen } = forward;
  // A TLS forward answers only clients that ask for a host name.
  if (transport === 'udp' || kind === 'tls' || listen.from !== listen.to || address === undefined) return undefined;
  const port = listen.from;
  if (kind === 'https' || (kind === 'tcp' && port === 443))
    return `https://${address}${port === 443 ? '' : `:${port}`}`;
  if (kind === 'http' || port === 80) return `http://${address}${port === 80 ? '' : `:${port}`}`;
  return undefined;
}
