/**
 * Properties whose change makes CloudFormation replace a resource, or stop and start it: `createOnlyProperties` and
 * `conditionalCreateOnlyProperties` in AWS's resource schemas. A test compares this list with the schemas.
 * Never includes tags: changing a tag must not cause a restart.
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
  'AWS::EC2::EIP': ['Address', 'IpamPoolId', 'NetworkBorderGroup', 'TransferAddress'],
  'AWS::EC2::KeyPair': ['KeyFormat', 'KeyName', 'KeyType', 'PublicKeyMaterial'],
  // A launch template is not replaced itself, but a new version of it changes the instance's LaunchTemplate.
  'AWS::EC2::LaunchTemplate': ['LaunchTemplateData', 'LaunchTemplateName', 'VersionDescription'],
  'AWS::EC2::SecurityGroup': ['GroupDescription', 'GroupName', 'VpcId'],
  'AWS::EC2::Subnet': [
    ...['AvailabilityZone', 'AvailabilityZoneId', 'CidrBlock', 'Ipv4IpamPoolId', 'Ipv4NetmaskLength', 'Ipv6CidrBlock'],
    ...['Ipv6IpamPoolId', 'Ipv6Native', 'Ipv6NetmaskLength', 'OutpostArn', 'VpcId'],
  ],
  'AWS::EC2::VPC': ['CidrBlock', 'InstanceTenancy', 'Ipv4IpamPoolId', 'Ipv4NetmaskLength', 'VpcEncryptionControl'],
};

/**
 * Of these, the ones for which CloudFormation stops and starts an instance with an EBS root volume; all Portway hosts have one. For the
 * others that a schema calls conditional, AWS does not document when it replaces: take it that it does.
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-instance.html
 */
export const RESTARTING: readonly string[] = ['EbsOptimized', 'InstanceType', 'UserData'];

/** The properties whose change replaces or restarts a resource. For an unlisted type: all but its tags. */
export function replacingNames(type: string, properties: Readonly<Record<string, unknown>>): readonly string[] {
  return REPLACING[type] ?? Object.keys(properties).filter((name) => name !== 'Tags');
}
