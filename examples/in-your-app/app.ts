import { App, aws_ec2 as ec2, Stack, aws_s3 as s3 } from 'aws-cdk-lib';
import { Forward, PortGateway } from 'portway';

// A gateway in a stack beside other resources: a partner may reach the database of a private subnet through it.
const stack = new Stack(new App(), 'Team');
const vpc = new ec2.Vpc(stack, 'Vpc', { natGateways: 0 });

const gateway = new PortGateway(stack, 'Gateway', {
  vpc,
  adminCidr: '203.0.113.7/32',
  forwards: { database: Forward.tcp({ listen: 5432, to: '10.0.128.10:5432', allowFrom: ['198.51.100.0/24'] }) },
});

const database = new ec2.SecurityGroup(stack, 'Database', { vpc: gateway.network.vpc });
database.connections.allowFrom(gateway, ec2.Port.tcp(5432));
new s3.Bucket(stack, 'Setup').grantRead(gateway);
