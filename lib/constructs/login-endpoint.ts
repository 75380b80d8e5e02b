import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { Network } from './network';

/**
 * An EC2 Instance Connect Endpoint in the gateway's subnet: a proxy of AWS that admits who IAM allows, without agent, key or
 * charge of its own. A VPC may have only one.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/connect-with-ec2-instance-connect-endpoint.html
 */
export class LoginEndpoint extends Construct {
  readonly endpoint: ec2.CfnInstanceConnectEndpoint;
  /** The group that the gateway admits to port 22. It lets nothing in, and out to the gateway's port 22 alone. */
  readonly group: ec2.CfnSecurityGroup;

  constructor(scope: Construct, id: string, { vpc, subnet }: Network) {
    super(scope, id);
    this.group = new ec2.CfnSecurityGroup(this, 'Group', {
      vpcId: vpc.vpcId,
      // Never change this text: that would replace the group.
      groupDescription: 'Portway login endpoint',
    });
    this.endpoint = new ec2.CfnInstanceConnectEndpoint(this, 'Endpoint', {
      subnetId: subnet.subnetId,
      securityGroupIds: [this.group.attrGroupId],
      // The host sees the endpoint's own address, so it can tell it from other clients. AWS replaces the endpoint if this changes.
      preserveClientIp: false,
    });
  }

  /** Without this rule, EC2 would let the endpoint reach everything. */
  leadTo(gateway: ec2.ISecurityGroup): void {
    this.group.securityGroupEgress = [
      {
        ...{ ipProtocol: 'tcp', fromPort: 22, toPort: 22 },
        destinationSecurityGroupId: gateway.securityGroupId,
        description: 'SSH of the gateway',
      },
    ];
  }
}
