import { ADDRESS } from './host';
import { RulesHost } from './rules';

/**
 * A gateway that may route in both IP versions, beside software that lets nothing pass (docker and ufw set that policy), and a backend
 * whose way out it is.
 */
export async function strictGateway(): Promise<RulesHost> {
  const kernel = await RulesHost.start();
  await kernel.host.sh(
    'gateway',
    `iptables-nft -P FORWARD DROP; ip6tables-nft -P FORWARD DROP
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1`,
  );
  const { v4, v6 } = ADDRESS.inside;
  await kernel.host.sh('backend', `ip route add default via ${v4}; ip route add default via ${v6}`);
  return kernel;
}

/** An address as it stands before a colon and a port. */
export function inTarget(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

export const EVERY_WAY = [
  ['tcp', 'v4'],
  ['tcp', 'v6'],
  ['udp', 'v4'],
  ['udp', 'v6'],
] as const;
