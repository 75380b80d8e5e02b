import type { Lane } from '../lab/lane';

/** No rule, no connection tracking: packets only pass. */
export async function nothing(): Promise<void> {}

/**
 * Still no forwarding, but the gateway tracks connections, as a host does that has any stateful rule: what remains
 * between this and a forward is the forwarding itself.
 */
export async function tracking(lane: Lane): Promise<void> {
  const rule = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';
  await lane.sh('gateway', `iptables-nft -A INPUT ${rule}\niptables-nft -A FORWARD ${rule}`);
}
