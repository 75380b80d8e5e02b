import { App, aws_ec2 as ec2, aws_route53 as route53, Stack } from 'aws-cdk-lib';
import { Forward, PortGateway } from 'portway';

// A gateway in a network that others keep: their VPC, an address that clients know already, and names in their zone.
const stack = new Stack(new App(), 'Edge');

new PortGateway(stack, 'Gateway', {
  vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-0123456789abcdef0',
    vpcCidrBlock: '10.0.0.0/16',
    availabilityZones: ['eu-central-1a', 'eu-central-1b'],
    publicSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
  }),
  vpcSubnets: { availabilityZones: ['eu-central-1b'] },
  eip: { allocationId: 'eipalloc-0123456789abcdef0', publicIp: '203.0.113.100' },
  dns: {
    zone: route53.HostedZone.fromHostedZoneAttributes(stack, 'Zone', {
      hostedZoneId: 'Z0123456789ABCDEFGHIJ',
      zoneName: 'example.com',
    }),
    names: ['game.example.com'],
  },
  adminCidr: '203.0.113.7/32',
  forwards: { game: Forward.udp({ listen: 27015, to: '10.0.1.20:27015', engine: 'iptables' }) },
});
