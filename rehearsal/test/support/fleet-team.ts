import {
  AllocateAddressCommand,
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
} from '@aws-sdk/client-ec2';
import type { ExistingEipProps } from '../../../lib/constructs/fixed-address';
import { ec2Client } from '../../src/aws/client';
import type { StartedEndpoint } from '../../src/aws/endpoint';
import { query } from '../../src/aws/other-inventory';

/** What a team has before its fleet. */
export interface Team {
  readonly vpcId: string;
  /** Public ones, in the first three zones of us-east-1. */
  readonly subnetIds: readonly string[];
  readonly groupId: string;
  /** Two that nothing uses. */
  readonly eips: readonly ExistingEipProps[];
  readonly roleName: string;
  readonly zoneId: string;
  /** The records of its hosted zone example.com, as Route 53 tells them. */
  readonly records: () => Promise<string>;
}

/** Makes all of it by hand. */
export async function makeTeam(endpoint: StartedEndpoint): Promise<Team> {
  const client = ec2Client(endpoint);
  const { Vpc } = await client.send(new CreateVpcCommand({ CidrBlock: '10.1.0.0/16' }));
  const VpcId = Vpc?.VpcId as string;
  const { InternetGateway } = await client.send(new CreateInternetGatewayCommand({}));
  const InternetGatewayId = InternetGateway?.InternetGatewayId as string;
  await client.send(new AttachInternetGatewayCommand({ InternetGatewayId, VpcId }));
  const { RouteTable } = await client.send(new CreateRouteTableCommand({ VpcId }));
  const RouteTableId = RouteTable?.RouteTableId as string;
  const out = { DestinationCidrBlock: '0.0.0.0/0', GatewayId: InternetGatewayId };
  await client.send(new CreateRouteCommand({ RouteTableId, ...out }));
  const subnetIds: string[] = [];
  for (const [i, AvailabilityZone] of ['us-east-1a', 'us-east-1b', 'us-east-1c'].entries()) {
    const made = await client.send(new CreateSubnetCommand({ VpcId, AvailabilityZone, CidrBlock: `10.1.${i}.0/24` }));
    const SubnetId = made.Subnet?.SubnetId as string;
    await client.send(new AssociateRouteTableCommand({ RouteTableId, SubnetId }));
    subnetIds.push(SubnetId);
  }
  const group = { VpcId, GroupName: 'monitoring', Description: 'monitoring' };
  const { GroupId = '' } = await client.send(new CreateSecurityGroupCommand(group));
  const eips: ExistingEipProps[] = [];
  for (let i = 0; i < 2; i++) {
    const { AllocationId = '', PublicIp = '' } = await client.send(new AllocateAddressCommand({ Domain: 'vpc' }));
    eips.push({ allocationId: AllocationId, publicIp: PublicIp });
  }
  client.destroy();
  await query(endpoint, 'iam', 'CreateRole', '2010-05-08', { RoleName: 'team', AssumeRolePolicyDocument: '{}' });
  const route53 = async (path: string, more: RequestInit = {}) => {
    const Authorization = 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/route53/aws4_request';
    return (await fetch(`${endpoint.url}/2013-04-01/${path}`, { ...more, headers: { Authorization } })).text();
  };
  const body =
    '<CreateHostedZoneRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Name>example.com</Name><CallerReference>1</CallerReference></CreateHostedZoneRequest>';
  const [, zoneId = ''] =
    /<Id>\/hostedzone\/(\w+)<\/Id>/.exec(await route53('hostedzone', { method: 'POST', body })) ?? [];
  return {
    vpcId: VpcId,
    subnetIds,
    groupId: GroupId,
    eips,
    roleName: 'team',
    zoneId,
    records: () => route53(`hostedzone/${zoneId}/rrset`),
  };
}
