import { ec2Client } from '../aws/client';
import type { Endpoint } from '../aws/endpoint';
import { lifecycleStates, setDesired } from '../aws/group';
import type { SshAnswer } from '../network/probe';
import type { Balancer } from './balancer';
import { type FleetHost, fleetHosts } from './hosts';

/** What a case can use of a fleet, beside what it can use of any stack. */
export interface FleetStage {
  readonly balancer: Balancer;
  /** The hosts in service as the EC2 API describes them, the oldest first. */
  hosts(): Promise<readonly FleetHost[]>;
  /** The state of each host in the group: `InService`, or on its way out. */
  states(): Promise<ReadonlyMap<string, string>>;
  /** Sets how many hosts there shall be, as a scaling policy does. */
  setDesired(count: number): Promise<void>;
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
        const [hosts, states] = [await fleetHosts(client, stack), await lifecycleStates(endpoint)];
        return hosts.filter(({ instanceId }) => states.get(instanceId) === 'InService');
      } finally {
        client.destroy();
      }
    },
    states: () => lifecycleStates(endpoint),
    setDesired: (count) => setDesired(endpoint, count),
    ssh: ({ instanceId }, command, seconds) => ssh(instanceId, command, seconds),
  };
}
