import { App, CfnWaitCondition, LegacyStackSynthesizer, Stack, aws_ssm as ssm } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';

/** What a gateway with live changes consists of, without Portway's own constructs: what is tested is the endpoint. */
export interface LiveOptions {
  /** Goes into a parameter, the pointer, the instance's tag and the id of the condition. */
  readonly content: string;
  /** Ports of rules that are resources of their own, with their descriptions. Default: 80. */
  readonly ports?: Readonly<Record<number, string>>;
  /** Seconds that the condition waits. Default: 60. */
  readonly timeout?: number;
  /** Value of the parameter. Default: the content. */
  readonly value?: string;
  /** Tags of the instance besides that of the content. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** The name of the parameter, and of the pointer. */
export const PART = '/portway/Tiny/etc/rules.1';
export const POINTER = '/portway/Tiny/0123456789abcdef/now';

/** Synthesizes the stack `Tiny` into a folder, for an account that was never bootstrapped. */
export function synthLive(outdir: string, { content, timeout = 60, ...options }: LiveOptions): void {
  const app = new App({ outdir, context: { '@aws-cdk/core:target-partitions': ['aws'] } });
  const stack = new Stack(app, 'Tiny', { synthesizer: new LegacyStackSynthesizer() as never });
  const vpc = new ec2.CfnVPC(stack, 'Vpc', { cidrBlock: '10.0.0.0/16' });
  const subnet = new ec2.CfnSubnet(stack, 'Subnet', { vpcId: vpc.ref, cidrBlock: '10.0.0.0/24' });
  const group = new ec2.CfnSecurityGroup(stack, 'Group', { groupDescription: 'gateway', vpcId: vpc.ref });
  const rules = Object.entries(options.ports ?? { 80: 'web' }).map(
    ([port, description]) =>
      new ec2.CfnSecurityGroupIngress(stack, `Tcp${port}`, {
        ...{ groupId: group.attrGroupId, ipProtocol: 'tcp', cidrIp: '0.0.0.0/0', description },
        ...{ fromPort: Number(port), toPort: Number(port) },
      }),
  );
  const parameter = (id: string, name: string, value: string) =>
    new ssm.CfnParameter(stack, id, { name, value, type: 'String', tier: 'Standard' });
  const part = parameter('Part', PART, options.value ?? content);
  const pointer = parameter('Pointer', POINTER, content);
  for (const one of [part, ...rules]) pointer.addResourceDependency(one);
  const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
  const own = (service: string, resource: string, resourceName: string, action: string) =>
    role.addToPolicy(
      new iam.PolicyStatement({ actions: [action], resources: [stack.formatArn({ service, resource, resourceName })] }),
    );
  own('ssm', 'parameter', 'portway/Tiny/*', 'ssm:GetParameters');
  own('cloudformation', 'stack', 'Tiny/*', 'cloudformation:SignalResource');
  const instance = new ec2.CfnInstance(stack, 'Host', {
    imageId: 'ami-0123456789abcdef0',
    instanceType: 't4g.micro',
    subnetId: subnet.ref,
    iamInstanceProfile: new iam.CfnInstanceProfile(stack, 'Profile', { roles: [role.roleName] }).ref,
    securityGroupIds: [group.attrGroupId],
    userData: Buffer.from('#!/bin/sh\n').toString('base64'),
    metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1, instanceMetadataTags: 'enabled' },
    tags: Object.entries({ ...options.tags, 'portway:content': content }).map(([key, value]) => ({ key, value })),
  });
  instance.addResourceDependency(pointer);
  new ec2.CfnEIP(stack, 'Address', { domain: 'vpc' });
  const live = new CfnWaitCondition(stack, `Live${content}`);
  live.cfnOptions.creationPolicy = { resourceSignal: { count: 1, timeout: `PT${timeout}S` } };
  live.addResourceDependency(instance);
  app.synth();
}
