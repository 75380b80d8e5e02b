import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { BuiltGateway } from './built-gateway';
import { checkGateway, standIn } from './check-stack';
import type { Network } from './constructs/network';
import type { ResolvedForward } from './forward/resolved';
import type { PortGatewayProps } from './port-gateway-props';
import { reportProblems } from './refused';

/**
 * A gateway beside other resources in a stack of yours. A stack may have several. It may be in a stage, but not in a
 * nested stack.
 * @throws PortwayError listing every problem with its props; under the CDK CLI they are printed instead, and nothing is
 * deployed
 */
export class PortGateway extends Construct implements ec2.IConnectable, iam.IGrantable {
  /** The fixed public address (Elastic IP). */
  readonly address: string;
  /** The host. A change that replaces it makes another one. */
  readonly instance: ec2.Instance;
  /** Connections with other resources, such as `database.connections.allowFrom(gateway, ec2.Port.tcp(5432))`. */
  readonly connections: ec2.Connections;
  /** The host's role, for further rights, such as `bucket.grantRead(gateway)`. */
  readonly grantPrincipal: iam.IPrincipal;
  /** The checked forwards. */
  readonly forwards: readonly ResolvedForward[];
  /** The VPC, and the subnet that the gateway is in. */
  readonly network: Network;
  private readonly built: BuiltGateway;

  constructor(scope: Construct, id: string, props: PortGatewayProps) {
    super(scope, id);
    const checked = reportProblems(
      this.node.path,
      () => checkGateway(props, this),
      () => standIn(props),
    );
    this.built = new BuiltGateway(this, checked);
    const { host, forwards, network } = this.built;
    this.address = host.address;
    this.instance = host.instance;
    this.connections = host.connections;
    this.grantPrincipal = host.grantPrincipal;
    this.forwards = forwards;
    this.network = network;
  }

  /**
   * Makes the gateway the way out for private subnets that are created after it, in its own VPC (`network.vpc`) for
   * example. Requires `egress`, whose `from` must contain them.
   * @throws PortwayError listing every subnet that cannot be routed, and why
   */
  addEgressSubnets(...subnets: readonly ec2.ISubnet[]): void {
    this.built.addEgressSubnets(...subnets);
  }
}
