import { containsCidr } from 'cidr-tools';
import { INTERNET, VPC } from './addresses';
import type { Namespaces } from './namespaces';
import type { Party } from './topology';

/** What routers on the internet do not know (RFC 1918, RFC 6598): a peer of the VPC, or a host in it. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'];

/** Which router a host is behind, by its address: the VPC's or the internet's. */
export function sideOf(address: string): 'vpc' | 'internet' {
  return containsCidr(PRIVATE, address) ? 'vpc' : 'internet';
}

/**
 * Adds a host to the lab at any IPv4 address: a private one behind the VPC's router, any other on the internet. It has
 * its own cable to the router, so it needs no network around it.
 */
export async function addHost(namespaces: Namespaces, number: number, address: string): Promise<Party> {
  const party: Party = `host-${number}`;
  const at = sideOf(address);
  const router = at === 'vpc' ? VPC.router : INTERNET.transit.internet;
  await namespaces.add(party);
  await namespaces.join(at, party, party, 'eth0');
  await namespaces.ip(at, [`link set ${party} up`, `route add ${address}/32 dev ${party}`]);
  await namespaces.ip(party, [
    `address add ${address}/32 dev eth0`,
    'link set eth0 up',
    `route add default via ${router} dev eth0 onlink`,
  ]);
  // If it is in their own subnet, instances ask there for it: the router answers in its place.
  if (at === 'vpc') await namespaces.sysctl('vpc', { 'net/ipv4/conf/vpc/proxy_arp': 1 });
  return party;
}
