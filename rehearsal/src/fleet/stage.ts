import { ec2Client } from '../aws/client';
import type { Endpoint } from '../aws/endpoint';
import type { SshAnswer } from '../network/probe';
import type { Balancer } from './balancer';
import { type FleetHost, fleetHosts } from './hosts';

/** What a case can use of a fleet, beside what it can use of any stack. */
export interface FleetStage {
  readonly balancer: Balancer;
  /** The running hosts as the EC2 API describes them, the oldest first. */
  hosts(): Promise<readonly FleetHost[]>;
  /** Runs a command on a host as `admin`, from the admin's network. Default limit: 30 seconds. */
  ssh(host: FleetHost, command: string, seconds?: number): Promise<SshAnswer>;
}

export function fleetStage(
  balancer: Balancer,
  { endpoint, stack }: { readonly endpoint: Endpoint; readonly stack: string },
  ssh: (instanceId: string, command: string, seconds?: number) => Promise<SshAnswer>,
): FleetStage {
  return {
    balancer,
    async hosts() {
      const client = ec2Client(endpoint);
      try {
        return await fleetHosts(client, stack);
      } finally {
        client.destroy();
      }
    },
    ssh: ({ instanceId }, command, seconds) => ssh(instanceId, command, seconds),
  };
}
