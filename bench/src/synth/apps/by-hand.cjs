// A gateway's resources with nothing of ours: network, host, security group, role and the place of its content.
const { App, Stack } = require('aws-cdk-lib');
const ec2 = require('aws-cdk-lib/aws-ec2');
const iam = require('aws-cdk-lib/aws-iam');
const ssm = require('aws-cdk-lib/aws-ssm');

const stack = new Stack(new App(), 'ByHand');
const vpc = new ec2.Vpc(stack, 'Vpc', {
  maxAzs: 1,
  natGateways: 0,
  subnetConfiguration: [{ name: 'public', subnetType: ec2.SubnetType.PUBLIC }],
});
const securityGroup = new ec2.SecurityGroup(stack, 'Firewall', { vpc });
for (const port of [80, 443]) securityGroup.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(port));
const role = new iam.Role(stack, 'Role', {
  assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
  managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName('AmazonSSMManagedInstanceCore')],
});
const parameter = new ssm.StringParameter(stack, 'Content', { stringValue: 'nothing' });
parameter.grantRead(role);
const instance = new ec2.Instance(stack, 'Host', {
  vpc,
  securityGroup,
  role,
  instanceType: new ec2.InstanceType('t4g.nano'),
  machineImage: ec2.MachineImage.latestAmazonLinux2023({ cpuType: ec2.AmazonLinuxCpuType.ARM_64 }),
});
new ec2.CfnEIP(stack, 'Address', { instanceId: instance.instanceId });
