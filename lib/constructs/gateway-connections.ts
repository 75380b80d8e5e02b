import * as ec2 from 'aws-cdk-lib/aws-ec2';

/**
 * Rules between the gateway and other resources. Both rules of a connection, the gateway's and the other side's, are made in the
 * gateway's stack, whichever side asks for it.
 *
 * By the CDK's own rule, `database.connections.allowFrom(gateway, …)` would make the database's in the database's stack. If that stack
 * has the VPC too, the gateway's needs it already, and each would wait for the other.
 */
export class GatewayConnections extends ec2.Connections {
  /** For peers without a security group, such as networks. */
  private readonly plain: ec2.Connections;

  /** The CDK's lists of groups and rules stay empty, so that it leaves both rules to this class. */
  constructor(private readonly group: ec2.SecurityGroup) {
    super();
    this.plain = new ec2.Connections({ securityGroups: [group] });
  }

  override get securityGroups(): ec2.ISecurityGroup[] {
    return [this.group];
  }

  override allowTo(other: ec2.IConnectable, port: ec2.Port, description?: string): void {
    const groups = other.connections.securityGroups;
    if (groups.length === 0) this.plain.allowTo(other, port, description);
    for (const group of groups) {
      this.group.addEgressRule(group, port, description);
      group.addIngressRule(this.group, port, description, true);
    }
  }

  override allowFrom(other: ec2.IConnectable, port: ec2.Port, description?: string): void {
    const groups = other.connections.securityGroups;
    if (groups.length === 0) this.plain.allowFrom(other, port, description);
    for (const group of groups) {
      this.group.addIngressRule(group, port, description);
      group.addEgressRule(this.group, port, description, true);
    }
  }

  override allowInternally(port: ec2.Port, description?: string): void {
    this.plain.allowInternally(port, description);
  }
}
