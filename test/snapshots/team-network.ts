import { App, Fn, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as sns from 'aws-cdk-lib/aws-sns';

/** An existing network, known only by its ids. */
export function teamNetwork() {
  const scope = new Stack(new App(), 'Team');
  const vpc = ec2.Vpc.fromVpcAttributes(scope, 'Vpc', {
    vpcId: 'vpc-1a2b3c4d',
    availabilityZones: [Fn.select(0, Fn.getAzs())],
    publicSubnetIds: ['subnet-1a2b3c01'],
  });
  const subnet = ec2.Subnet.fromSubnetAttributes(scope, 'Private', {
    subnetId: 'subnet-1a2b3c02',
    routeTableId: 'rtb-1a2b3c02',
    ipv4CidrBlock: '10.0.1.0/24',
  });
  const zones = [0, 1].map((index) => Fn.select(index, Fn.getAzs()));
  const shared = {
    // Its second public subnet is chosen by zone.
    vpc: ec2.Vpc.fromVpcAttributes(scope, 'Shared', {
      vpcId: 'vpc-1a2b3c4d',
      availabilityZones: zones,
      publicSubnetIds: ['subnet-1a2b3c01', 'subnet-1a2b3c03'],
      publicSubnetRouteTableIds: ['rtb-1a2b3c01', 'rtb-1a2b3c01'],
    }),
    vpcSubnets: { availabilityZones: zones.slice(1) },
    securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(scope, 'Monitoring', 'sg-1a2b3c4d')],
    eip: { allocationId: 'eipalloc-1a2b3c4d', publicIp: '203.0.113.100' },
    dns: {
      zone: route53.HostedZone.fromHostedZoneAttributes(scope, 'Zone', {
        hostedZoneId: 'Z0123456789ABCDEFGHIJ',
        zoneName: 'example.com',
      }),
      names: ['www.example.com', '*.apps.example.com'],
    },
    role: iam.Role.fromRoleName(scope, 'HostRole', 'team-gateway'),
  };
  const alarmTopic = sns.Topic.fromTopicArn(scope, 'Topic', 'arn:aws:sns:eu-central-1:123456789012:operators');
  return { vpc, subnet, alarmTopic, shared };
}
