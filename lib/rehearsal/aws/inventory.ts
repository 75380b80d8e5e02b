import {
  DescribeAddressesCommand,
  DescribeFlowLogsCommand,
  DescribeInstancesCommand,
  DescribeInternetGatewaysCommand,
  DescribeKeyPairsCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
} from '@aws-sdk/client-ec2';
import { ec2Client } from './client';
import type { Endpoint } from './endpoint';

/**
 * Everything that the EC2 API of the endpoint knows, as sorted ids. Taken before a deploy and after a destroy, the two
 * lists must be equal. Terminated instances do not count: EC2 shows them for about an hour.
 */
export async function inventory(endpoint: Endpoint): Promise<string[]> {
  const client = ec2Client(endpoint);
  try {
    const ids = await Promise.all([
      client.send(new DescribeVpcsCommand({})).then((a) => a.Vpcs?.map((one) => one.VpcId)),
      client.send(new DescribeSubnetsCommand({})).then((a) => a.Subnets?.map((one) => one.SubnetId)),
      client
        .send(new DescribeRouteTablesCommand({}))
        .then((a) =>
          a.RouteTables?.flatMap((one) => [
            one.RouteTableId,
            ...(one.Associations ?? []).map((association) => association.RouteTableAssociationId),
          ]),
        ),
      client
        .send(new DescribeInternetGatewaysCommand({}))
        .then((a) => a.InternetGateways?.map((one) => one.InternetGatewayId)),
      client.send(new DescribeNetworkAclsCommand({})).then((a) => a.NetworkAcls?.map((one) => one.NetworkAclId)),
      client.send(new DescribeSecurityGroupsCommand({})).then((a) => a.SecurityGroups?.map((one) => one.GroupId)),
      client
        .send(new DescribeNetworkInterfacesCommand({}))
        .then((a) => a.NetworkInterfaces?.map((one) => one.NetworkInterfaceId)),
      client.send(new DescribeAddressesCommand({})).then((a) => a.Addresses?.map((one) => one.AllocationId)),
      client.send(new DescribeVolumesCommand({})).then((a) => a.Volumes?.map((one) => one.VolumeId)),
      client.send(new DescribeKeyPairsCommand({})).then((a) => a.KeyPairs?.map((one) => one.KeyPairId)),
      client.send(new DescribeFlowLogsCommand({})).then((a) => a.FlowLogs?.map((one) => one.FlowLogId)),
      client.send(new DescribeInstancesCommand({})).then((a) =>
        (a.Reservations ?? [])
          .flatMap((reservation) => reservation.Instances ?? [])
          .filter((instance) => instance.State?.Name !== 'terminated')
          .map((instance) => instance.InstanceId),
      ),
    ]);
    return ids
      .flat()
      .flatMap((id) => id ?? [])
      .sort();
  } finally {
    client.destroy();
  }
}
