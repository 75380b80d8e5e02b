import type { Ground } from '../lab/ground';

/** No rules and no connection tracking: packets just pass. */
export async function nothing(): Promise<void> {}

/**
 * Still no forwarding, but the gateway tracks connections, like any host with a stateful rule. The difference between
 * this and a forward is the cost of forwarding itself.
 */
export async function tracking(ground: Ground): Promise<void> {
  const rule = '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';
  await ground.sh('gateway', `iptables-nft -A INPUT ${rule}\niptables-nft -A FORWARD ${rule}`);
}
