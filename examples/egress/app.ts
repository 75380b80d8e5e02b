import { App, aws_ec2 as ec2, Stack, aws_sns as sns } from 'aws-cdk-lib';
import { Forward, PortwayStack } from 'portway';

// The gateway forwards a port, and is the way out to the internet for private subnets, in place of a NAT gateway.
const app = new App();
const network = new Stack(app, 'Network');
const vpc = new ec2.Vpc(network, 'Vpc', {
  natGateways: 0,
  subnetConfiguration: [
    { name: 'public', subnetType: ec2.SubnetType.PUBLIC },
    { name: 'private', subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
  ],
});

new PortwayStack(app, 'Egress', {
  adminCidr: '203.0.113.7/32',
  vpc,
  egress: { from: [vpc.vpcCidrBlock], subnets: vpc.isolatedSubnets, alarmTopic: new sns.Topic(network, 'Alarms') },
  forwards: { ssh: Forward.tcp({ listen: 2222, to: '10.0.128.10:22', allowFrom: ['203.0.113.7/32'] }) },
});
