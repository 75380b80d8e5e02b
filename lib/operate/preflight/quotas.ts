import {
  DescribeAccountAttributesCommand,
  DescribeAddressesCommand,
  DescribeInstanceConnectEndpointsCommand,
  DescribeVpcsCommand,
} from '@aws-sdk/client-ec2';
import { ofType, type Template } from '../../plan/change/template';
import { type Finding, trouble, warning, well } from './finding';
import type { Preflight } from './stack';

/** EC2 tells no quota of VPCs. @see https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html */
const USUAL_VPCS = 5;

/** @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/connect-with-ec2-instance-connect-endpoint.html */
const USUAL_ENDPOINTS = 5;
/** @see https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-limits.html */
const USUAL_TARGETS = 500;

/** Whether the region has room for the addresses, VPCs and endpoints that the deploy adds, and a fleet's balancer for its targets. */
export async function quotas(preflight: Preflight): Promise<readonly Finding[]> {
  return [
    ...(await addresses(preflight)),
    ...(await vpcs(preflight)),
    ...(await loginEndpoints(preflight)),
    ...targets(preflight),
  ];
}

/** Each host is a target at each listener, and a zone's hosts get connections from that zone alone. */
function targets({ plan }: Pick<Preflight, 'plan'>): readonly Finding[] {
  const { fleet } = plan;
  if (fleet === undefined) return [];
  const most = fleet.listeners.length * Math.ceil(fleet.max / fleet.zones);
  return most <= USUAL_TARGETS
    ? []
    : [
        warning(
          `${fleet.max} hosts with ${fleet.listeners.length} listeners are up to ${most} targets in a zone: hosts beyond your quota "Targets per Availability Zone per Network Load Balancer", usually ${USUAL_TARGETS}, get no connections. Raise it, or use a lower capacity.max, more zones, or fewer ports`,
        ),
      ];
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
      : trouble(
          `${text}: raise the quota "EC2-VPC Elastic IPs", or release one${preflight.plan.fleet === undefined ? ', or give an address by eip' : ''}`,
        ),
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

/** A VPC has at most one endpoint, so a second one fails in the middle of the deploy. */
async function loginEndpoints(preflight: Preflight): Promise<readonly Finding[]> {
  const more = added(preflight, ENDPOINT);
  if (more === 0) return [];
  const { InstanceConnectEndpoints = [] } = await preflight.ec2.send(new DescribeInstanceConnectEndpointsCommand({}));
  const there = InstanceConnectEndpoints.filter(({ State }) => State !== 'delete-complete');
  const vpcs = vpcsOf(preflight);
  const taken = there.find(({ VpcId }) => vpcs.includes(VpcId));
  if (taken !== undefined)
    return [
      trouble(
        `${taken.VpcId} has the EC2 Instance Connect Endpoint ${taken.InstanceConnectEndpointId} already, and takes no second one: remove it, or set ssh to another way`,
      ),
    ];
  const text = `${more} more to the ${there.length} EC2 Instance Connect Endpoints of the region`;
  return [
    there.length + more <= USUAL_ENDPOINTS
      ? well(text)
      : warning(`${text}: the deploy fails unless your quota is above the usual ${USUAL_ENDPOINTS}`),
  ];
}

const ENDPOINT = 'AWS::EC2::InstanceConnectEndpoint';

/** VPCs of the template's security groups whose ids are known. */
function vpcsOf({ template }: Preflight): readonly unknown[] {
  return ofType(template.Resources, 'AWS::EC2::SecurityGroup').map(([, { Properties }]) => Properties?.VpcId);
}

function added({ template, deployed }: Preflight, type: string): number {
  const there: Template['Resources'] = deployed?.Resources ?? {};
  return ofType(template.Resources, type).filter(([id]) => !(id in there)).length;
}
