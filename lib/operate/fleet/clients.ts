import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { type Clients, withClients } from '../clients';

/** What asks AWS about a fleet. */
export interface FleetClients extends Clients {
  readonly scaling: AutoScalingClient;
  readonly balancing: ElasticLoadBalancingV2Client;
}

/** As {@link withClients}. */
export function withFleetClients<T>(
  region: string | undefined,
  use: (clients: FleetClients) => Promise<T>,
): Promise<T> {
  return withClients(region, async (clients) => {
    const settings = region === undefined ? {} : { region };
    const [scaling, balancing] = [new AutoScalingClient(settings), new ElasticLoadBalancingV2Client(settings)];
    try {
      return await use({ ...clients, scaling, balancing });
    } finally {
      scaling.destroy();
      balancing.destroy();
    }
  });
}
