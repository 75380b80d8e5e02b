import type { EC2Client } from '@aws-sdk/client-ec2';
import { allInstances, ofStack, required } from '../../../lib/operate/instance';

/** A running host of a fleet, as the EC2 API describes it. */
export interface FleetHost {
  readonly instanceId: string;
  readonly instanceType: string;
  readonly privateIp: string;
  readonly subnetId: string;
  /** In milliseconds. */
  readonly launched: number;
}

/** The running hosts of a stack, the oldest first: also those that leave its group. */
export async function fleetHosts(client: EC2Client, stack: string): Promise<readonly FleetHost[]> {
  return (await allInstances(client))
    .filter((one) => ofStack(one, stack) && ['pending', 'running'].includes(one.State?.Name ?? ''))
    .map((one) => ({
      instanceId: required(one.InstanceId, 'instance id'),
      instanceType: required(one.InstanceType, 'instance type'),
      privateIp: required(one.PrivateIpAddress, 'private address'),
      subnetId: required(one.SubnetId, 'subnet id'),
      launched: required(one.LaunchTime, 'launch time').getTime(),
    }))
    .toSorted((a, b) => a.launched - b.launched || a.privateIp.localeCompare(b.privateIp));
}
