import {
  App,
  CfnOutput,
  CfnWaitCondition,
  CfnWaitConditionHandle,
  DefaultStackSynthesizer,
  type IStackSynthesizer,
  LegacyStackSynthesizer,
  RemovalPolicy,
  Stack,
  Validations,
} from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';

/** A stack with every resource type that a gateway has, without Portway's own constructs: this tests the endpoint. */
export interface TinyOptions {
  /** Goes into the user-data and into the ids of handle and condition. */
  readonly content: string;
  /** How long the wait condition waits, in seconds. */
  readonly timeout?: number;
  readonly bootstrapless?: boolean;
  /** Additional ingress rules. */
  readonly moreRules?: number;
  /** New user-data creates a new instance instead of changing the current one. */
  readonly replace?: boolean;
  /** Leaves out the dependency on the gateway attachment, which breaks the destroy. */
  readonly forgetAttachment?: boolean;
}

export const PUBLIC_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE6lR0pS2Q0f0mV7mJjV6iP2m2T0aZb0cYk3v1m3r0zD tiny';

/** Quotes, backslashes, a tab, `$` and a trailing newline: bytes that a careless template or API would change. */
export function userDataText(content: string, url: string): string {
  return `#!/bin/bash\n# ${content}\necho 'a' "b" \\\\ \${HOME} $(id) &amp; <x>\t|\nSIGNAL_URL='${url}'\n`;
}

/** Synthesizes the stack `Tiny` into a folder. */
export function synthTiny(outdir: string, options: TinyOptions): void {
  const app = new App({ outdir, context: { '@aws-cdk/core:target-partitions': ['aws'] } });
  const synthesizer = options.bootstrapless ? new LegacyStackSynthesizer() : new DefaultStackSynthesizer();
  const stack = new Stack(app, 'Tiny', { synthesizer: synthesizer as IStackSynthesizer });
  // The cast: aws-cdk-lib's own types conflict under exactOptionalPropertyTypes.
  const vpc = new ec2.Vpc(stack, 'Vpc', {
    ipAddresses: ec2.IpAddresses.cidr('10.0.0.0/16'),
    maxAzs: 1,
    natGateways: 0,
    restrictDefaultSecurityGroup: false,
    subnetConfiguration: [{ name: 'Public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 24 }],
  }) as ec2.IVpc;
  const subnet = vpc.publicSubnets[0] as ec2.PublicSubnet;
  const logGroup = new logs.LogGroup(stack, 'FlowLogs', { removalPolicy: RemovalPolicy.DESTROY });
  vpc.addFlowLog('FlowLog', { destination: ec2.FlowLogDestination.toCloudWatchLogs(logGroup) });

  const group = new ec2.SecurityGroup(stack, 'Group', { vpc, allowAllOutbound: false });
  group.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(80));
  group.addIngressRule(ec2.Peer.anyIpv6(), ec2.Port.udpRange(6000, 6010));
  for (let n = 0; n < (options.moreRules ?? 0); n++) group.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(2000 + n));
  group.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443));
  new ec2.CfnSecurityGroupIngress(stack, 'Admin', {
    groupId: group.securityGroupId,
    ipProtocol: 'tcp',
    fromPort: 22,
    toPort: 22,
    cidrIp: '203.0.113.7/32',
  });
  new ec2.CfnSecurityGroupEgress(stack, 'Dns', {
    groupId: group.securityGroupId,
    ipProtocol: 'udp',
    fromPort: 53,
    toPort: 53,
    cidrIp: '0.0.0.0/0',
  });

  const handle = new CfnWaitConditionHandle(stack, `Handle${options.content}`);
  const instance = new ec2.Instance(stack, 'Host', {
    vpc,
    securityGroup: group,
    role: new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') }),
    keyPair: new ec2.KeyPair(stack, 'Key', { publicKeyMaterial: PUBLIC_KEY }),
    instanceType: new ec2.InstanceType('t4g.micro'),
    machineImage: ec2.MachineImage.resolveSsmParameterAtLaunch('/aws/service/debian/release/13/latest/arm64'),
    userData: ec2.UserData.custom(userDataText(options.content, handle.ref)),
    userDataCausesReplacement: options.replace ?? false,
    httpTokens: ec2.HttpTokens.REQUIRED,
    httpPutResponseHopLimit: 1,
    blockDevices: [{ deviceName: '/dev/xvda', volume: ec2.BlockDeviceVolume.ebs(8, { encrypted: true }) }],
  });
  const address = new ec2.CfnEIP(stack, 'Address', { domain: 'vpc' });
  if (!options.forgetAttachment) {
    instance.node.addDependency(subnet.internetConnectivityEstablished);
    address.node.addDependency(subnet.internetConnectivityEstablished);
  }
  const condition = new CfnWaitCondition(stack, `Condition${options.content}`, {
    handle: handle.ref,
    timeout: String(options.timeout ?? 120),
  });
  condition.node.addDependency(instance);
  const association = new ec2.CfnEIPAssociation(stack, 'Association', {
    allocationId: address.attrAllocationId,
    instanceId: instance.instanceId,
  });
  association.node.addDependency(condition);
  new CfnOutput(stack, 'PublicAddress', { value: address.ref });
  new CfnOutput(stack, 'Report', { value: condition.attrData.toString() });
  // Both are intended: EC2 resolves the image at launch, and the report is JSON.
  for (const id of ['E1152', 'F6101']) {
    Validations.of(stack).acknowledge({ id: `CloudFormation-Validate::${id}`, reason: 'part of what is tested' });
  }
  app.synth();
}
