import { DescribeAccountAttributesCommand, DescribeAddressesCommand, DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { ofType, type Template } from '../../plan/change/template';
import { type Finding, trouble, warning, well } from './finding';
import type { Preflight } from './stack';

/** EC2 tells no quota of VPCs. @see https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html */
const USUAL_VPCS = 5;

/** Whether the region has room for the addresses and VPCs that the deploy adds. */
export async function quotas(preflight: Preflight): Promise<readonly Finding[]> {
  return [...(await addresses(preflight)), ...(await vpcs(preflight))];
}

async function addresses(preflight: Preflight): Promise<readonly Finding[]> {
  const more = added(preflight, 'AWS::EC2::EIP');
  if (more === 0) return [];
  const [{ AccountAttributes = [] }, { Addresses = [] }] = await Promise.all([
    preflight.ec2.send(new DescribeAccountAttributesCommand({ AttributeNames: ATTRIBUTES })),
    preflight.ec2.send(new DescribeAddressesCommand({})),
  ]);
  const values = AccountAttributes.find(({ AttributeName }) => AttributeName === VPC_ADDRESSES)?.AttributeValues;
  const most = Number(values?.[0]?.AttributeValue);
  const used = Addresses.length;
  if (Number.isNaN(most)) return [warning(`EC2 tells no quota of Elastic IPs; the region has ${used}`)];
  const text = `${more} more to the ${used} Elastic IPs of the region, of ${most}`;
  return [
    used + more <= most
      ? well(text)
      : trouble(`${text}: raise the quota "EC2-VPC Elastic IPs", or release one, or give an address by eip`),
  ];
}

const VPC_ADDRESSES = 'vpc-max-elastic-ips';
/** Not in the SDK's types, which name those of EC2-Classic. */
const ATTRIBUTES = [VPC_ADDRESSES] as never[];

async function vpcs(preflight: Preflight): Promise<readonly Finding[]> {
  const more = added(preflight, 'AWS::EC2::VPC');
  if (more === 0) return [];
  const { Vpcs = [] } = await preflight.ec2.send(new DescribeVpcsCommand({}));
  const text = `${more} more to the ${Vpcs.length} VPCs of the region`;
  return [
    Vpcs.length + more <= USUAL_VPCS
      ? well(text)
      : warning(
          `${text}: the deploy fails unless your quota is above the usual ${USUAL_VPCS}. Or give a VPC of yours by vpc`,
        ),
  ];
}

function added({ template, deployed }: Preflight, type: string): number {
  const there: Template['Resources'] = deployed?.Resources ?? {};
  return ofType(template.Resources, type).filter(([id]) => !(id in there)).length;
}
