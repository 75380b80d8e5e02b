import { DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
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
import { paginateDescribeParameters, type SSMClient } from '@aws-sdk/client-ssm';
import { cloudWatchClient, ec2Client, ssmClient } from './client';
import type { Endpoint } from './endpoint';
import { otherInventory } from './other-inventory';

/**
 * Everything that the endpoint's EC2 API knows, with alarms and parameters, as sorted ids; for route tables also the
 * routes, and for VPCs and subnets also the ranges. The lists before a deploy and after a destroy must be equal.
 * Terminated instances do not count: EC2 shows them for about an hour.
 */
export async function inventory(endpoint: Endpoint): Promise<string[]> {
  const client = ec2Client(endpoint);
  const watch = cloudWatchClient(endpoint);
  const store = ssmClient(endpoint);
  try {
    const ids = await Promise.all([
      client
        .send(new DescribeVpcsCommand({}))
        .then((a) => a.Vpcs?.flatMap((one) => [one.VpcId, ...ranges(one.VpcId, one.Ipv6CidrBlockAssociationSet)])),
      client
        .send(new DescribeSubnetsCommand({}))
        .then((a) =>
          a.Subnets?.flatMap((one) => [one.SubnetId, ...ranges(one.SubnetId, one.Ipv6CidrBlockAssociationSet)]),
        ),
      client
        .send(new DescribeRouteTablesCommand({}))
        .then((a) =>
          a.RouteTables?.flatMap((one) => [
            one.RouteTableId,
            ...(one.Associations ?? []).map((association) => association.RouteTableAssociationId),
            ...(one.Routes ?? []).map(
              (route) => `${one.RouteTableId} ${route.DestinationCidrBlock ?? route.DestinationIpv6CidrBlock}`,
            ),
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
      watch.send(new DescribeAlarmsCommand({})).then((a) => a.MetricAlarms?.map((one) => one.AlarmName)),
      parameters(store),
      otherInventory(endpoint),
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
    watch.destroy();
    store.destroy();
  }
}

async function parameters(client: SSMClient): Promise<(string | undefined)[]> {
  const names = [];
  for await (const page of paginateDescribeParameters({ client }, {}))
    names.push(...(page.Parameters ?? []).map((one) => one.Name));
  return names;
}

function ranges(id: string | undefined, blocks: readonly { Ipv6CidrBlock?: string | undefined }[] = []): string[] {
  return blocks.map((one) => `${id} ${one.Ipv6CidrBlock}`);
}
