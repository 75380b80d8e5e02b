import {
  CfnResource,
  DefaultTokenResolver,
  type IPostProcessor,
  type IResolvable,
  type IResolveContext,
  Reference,
  Tokenization,
} from 'aws-cdk-lib';

/**
 * Properties whose change makes CloudFormation replace a resource, or stop and start it: those that AWS's resource schemas call
 * `createOnlyProperties` and `conditionalCreateOnlyProperties`. test/run/final_properties.py compares the two.
 * Tags are never among them: a tag must not cost a restart.
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-instance.html
 */
export const REPLACING: Readonly<Record<string, readonly string[]>> = {
  'AWS::EC2::Instance': [
    ...['AdditionalInfo', 'Affinity', 'AvailabilityZone', 'BlockDeviceMappings', 'CpuOptions', 'EbsOptimized'],
    ...['ElasticGpuSpecifications', 'ElasticInferenceAccelerators', 'EnclaveOptions', 'HibernationOptions', 'HostId'],
    ...['HostResourceGroupArn', 'ImageId', 'InstanceType', 'Ipv6AddressCount', 'Ipv6Addresses', 'KernelId', 'KeyName'],
    ...['LaunchTemplate', 'LicenseSpecifications', 'NetworkInterfaces', 'PlacementGroupName', 'PrivateDnsNameOptions'],
    ...['PrivateIpAddress', 'RamdiskId', 'SecurityGroups', 'SubnetId', 'Tenancy', 'UserData'],
  ],
  'AWS::EC2::KeyPair': ['KeyFormat', 'KeyName', 'KeyType', 'PublicKeyMaterial'],
  // The template itself is not replaced, but another version of it is a change of the instance's LaunchTemplate.
  'AWS::EC2::LaunchTemplate': ['LaunchTemplateData', 'LaunchTemplateName', 'VersionDescription'],
  'AWS::EC2::SecurityGroup': ['GroupDescription', 'GroupName', 'VpcId'],
  'AWS::EC2::Subnet': [
    ...['AvailabilityZone', 'AvailabilityZoneId', 'CidrBlock', 'Ipv4IpamPoolId', 'Ipv4NetmaskLength', 'Ipv6CidrBlock'],
    ...['Ipv6IpamPoolId', 'Ipv6Native', 'Ipv6NetmaskLength', 'OutpostArn', 'VpcId'],
  ],
  'AWS::EC2::VPC': ['CidrBlock', 'InstanceTenancy', 'Ipv4IpamPoolId', 'Ipv4NetmaskLength', 'VpcEncryptionControl'],
};

/** A resource as the template has it. */
interface Definition {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/**
 * What of a resource, as the template has it, replaces or restarts it when it changes; and the same of the resources that those
 * properties refer to, since a replaced one has another id. Call it when the template is written, after all aspects.
 *
 * References in user-data are not followed: their values are known only to the deployment.
 */
export function replacingProperties(resource: CfnResource): readonly Definition[] {
  const found: Definition[] = [];
  const todo = new Set([resource]);
  // A set also visits what is added meanwhile, and each resource once.
  for (const one of todo) {
    const { Type, Properties = {}, targets } = describe(one);
    const names = REPLACING[Type] ?? Object.keys(Properties).filter((name) => name !== 'Tags');
    const picked = Object.fromEntries(names.filter((n) => n in Properties).map((n) => [n, Properties[n]]));
    found.push({ Type, Properties: picked });
    const { UserData: _, ...followed } = picked;
    for (const id of logicalIdsIn(followed)) {
      const target = targets.get(id);
      if (target !== undefined) todo.add(target);
    }
  }
  return found;
}

/** A resource's definition, and the resources that it refers to, by logical id. */
function describe(resource: CfnResource): Definition & { readonly targets: ReadonlyMap<string, CfnResource> } {
  const resolver = new ReferenceCollector();
  const { Resources = {} } = Tokenization.resolve(resource._toCloudFormation(), {
    scope: resource,
    resolver,
    preparing: false,
  }) as { Resources?: Record<string, Definition> };
  const [definition = { Type: resource.cfnResourceType }] = Object.values(Resources);
  return { ...definition, targets: resolver.targets };
}

/** Resolves as a template does, and remembers which resources were referred to. */
class ReferenceCollector extends DefaultTokenResolver {
  readonly targets = new Map<string, CfnResource>();

  constructor() {
    super({ join: (left, right) => ({ 'Fn::Join': ['', [left, right]] }) });
  }

  override resolveToken(token: IResolvable, context: IResolveContext, postProcessor: IPostProcessor): unknown {
    const resolved: unknown = super.resolveToken(token, context, postProcessor);
    if (Reference.isReference(token) && CfnResource.isCfnResource(token.target))
      for (const id of logicalIdsIn(resolved)) this.targets.set(id, token.target);
    return resolved;
  }
}

/** The logical ids that `Ref` and `Fn::GetAtt` name, at any depth. */
function logicalIdsIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref' && typeof inner === 'string') return [inner];
    if (key === 'Fn::GetAtt' && Array.isArray(inner)) return [String(inner[0])];
    return logicalIdsIn(inner);
  });
}
