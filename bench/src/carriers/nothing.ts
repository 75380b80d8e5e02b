import type { Lane } from '../lab/lane';

/** No rules and no connection tracking: packets just pass. */
export async function nothing(): Promise<void> {}

/**
 * Still no forwarding, but the gateway tracks connections, like any host with a stateful rule. The difference between
 * this and a forward is the cost of forwarding itself.
 */
export async function tracking(lane: Lane): Promise<void> {
  const rule = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';
  await lane.sh('gateway', `iptables-nft -A INPUT ${rule}\niptables-nft -A FORWARD ${rule}`);
}
