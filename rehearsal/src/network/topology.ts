import { IMDS, INTERNET, INTERNET6, subnetOf, VPC } from './addresses';
import type { Ipv6Map } from './ipv6';
import type { Namespaces } from './namespaces';

/** Who can send traffic in the lab. Each party is a network namespace. */
export type Party = 'stranger' | 'admin' | 'backend-10' | 'backend-11' | `host-${number}`;

/**
 * Lays the lab's cables: stranger and admin at the internet, the internet at the VPC's router, and behind it the
 * gateway's subnet and the backends'.
 * @param zones of a fleet: a subnet for each, and no backends. Default: 1, the gateway's
 */
export async function layNetwork(namespaces: Namespaces, zones = 1): Promise<void> {
  await namespaces.add('internet', 'vpc', 'stranger', 'admin');
  await layInternet(namespaces);
  await layVpc(namespaces);
  if (zones === 1) await layBackends(namespaces);
  else await layZones(namespaces, zones);
}

async function layInternet(namespaces: Namespaces): Promise<void> {
  for (const party of ['stranger', 'admin'] as const) {
    const { address, gateway, length } = INTERNET[party];
    const six = INTERNET6[party];
    await namespaces.join('internet', party, party, 'eth0');
    await namespaces.ip('internet', [
      `address add ${gateway}/${length} dev ${party}`,
      `address add ${six.gateway}/${six.length} dev ${party} nodad`,
      `link set ${party} up`,
    ]);
    await attach(namespaces, party, `${address}/${length}`, gateway);
    await attach6(namespaces, party, `${six.address}/${six.length}`, six.gateway);
  }
  const { internet, vpc, length } = INTERNET.transit;
  const six = INTERNET6.transit;
  await namespaces.join('internet', 'vpc', 'vpc', 'internet');
  await namespaces.ip('internet', [
    `address add ${internet}/${length} dev vpc`,
    `address add ${six.internet}/${six.length} dev vpc nodad`,
    'link set vpc up',
    // The internet's own services are on its loopback.
    `address add ${INTERNET.packages}/32 dev lo`,
    `address add ${INTERNET.signal}/32 dev lo`,
    `address add ${INTERNET.aws}/32 dev lo`,
  ]);
  await namespaces.ip('vpc', [
    `address add ${vpc}/${length} dev internet`,
    `address add ${six.vpc}/${six.length} dev internet nodad`,
    'link set internet up',
    `route add default via ${internet}`,
    `route add default via ${six.internet}`,
  ]);
  await namespaces.sysctl('internet', { 'net/ipv4/ip_forward': 1, 'net/ipv6/conf/all/forwarding': 1 });
}

async function layVpc(namespaces: Namespaces): Promise<void> {
  await namespaces.ip('vpc', [
    'link add vpc type bridge',
    `address add ${VPC.router}/24 dev vpc`,
    `address add ${VPC.resolver}/32 dev vpc`,
    `address add ${IMDS}/32 dev vpc`,
    'link set vpc up',
  ]);
  // Instances reach each other only through the router (isolated ports, see addTap), which answers for them, so
  // security groups also apply inside a subnet, as on EC2.
  await namespaces.sysctl('vpc', {
    'net/ipv4/ip_forward': 1,
    'net/ipv4/conf/vpc/proxy_arp_pvlan': 1,
    'net/ipv4/conf/vpc/send_redirects': 0,
    'net/ipv4/conf/all/send_redirects': 0,
    'net/ipv6/conf/all/forwarding': 1,
  });
}

/** Further zones are on the same bridge: instances reach each other only through the router in any case. */
async function layZones(namespaces: Namespaces, zones: number): Promise<void> {
  const further = Array.from({ length: zones - 1 }, (_, i) => subnetOf(i + 1));
  await namespaces.ip(
    'vpc',
    further.map(({ router }) => `address add ${router}/24 dev vpc`),
  );
}

async function layBackends(namespaces: Namespaces): Promise<void> {
  await namespaces.add('backend-10', 'backend-11');
  await namespaces.ip('vpc', [
    'link add backends type bridge',
    `address add ${VPC.backendRouter}/24 dev backends`,
    'link set backends up',
  ]);
  for (const address of VPC.backends) {
    const party = backendAt(address);
    await namespaces.join('vpc', party, party, 'eth0');
    await namespaces.ip('vpc', [`link set ${party} master backends`, `link set ${party} up`]);
    await attach(namespaces, party, `${address}/24`, VPC.backendRouter);
  }
}

function backendAt(address: string): Party {
  return `backend-${address.split('.')[3]}` as Party;
}

/** Adds IPv6 to the VPC: the router's addresses, the route to it from the internet, and the backends' addresses. */
export async function layIpv6(namespaces: Namespaces, map: Ipv6Map): Promise<void> {
  await namespaces.ip('vpc', [
    `address add ${map.router}/64 dev vpc nodad`,
    `address add ${map.backendRouter}/64 dev backends nodad`,
    // Addresses in no subnet are unreachable, rather than sent to the internet and back.
    `route add unreachable ${map.vpc}`,
  ]);
  await namespaces.ip('internet', [`route add ${map.vpc} via ${INTERNET6.transit.vpc}`]);
  for (const [index, address] of VPC.backends.entries())
    await attach6(namespaces, backendAt(address), `${map.backends[index]}/64`, map.backendRouter);
}

/**
 * Where the backends' subnet sends what leaves the VPC: to an instance, as with a route table that targets one. Until
 * then it has no way out.
 */
export async function routeBackends(namespaces: Namespaces, via: string, vpc: string): Promise<void> {
  await namespaces.ip('vpc', [
    `route replace throw ${vpc} table ${EGRESS_TABLE}`,
    `route replace default via ${via} dev vpc table ${EGRESS_TABLE}`,
  ]);
  const rule = ['ip', via.includes(':') ? '-6' : '-4', 'rule'];
  const { stdout } = await namespaces.run('vpc', [...rule, 'list', 'iif', 'backends']);
  if (stdout === '') await namespaces.run('vpc', [...rule, 'add', 'iif', 'backends', 'lookup', EGRESS_TABLE]);
}

const EGRESS_TABLE = '100';

async function attach(namespaces: Namespaces, namespace: string, address: string, gateway: string): Promise<void> {
  await namespaces.ip(namespace, [
    `address add ${address} dev eth0`,
    'link set eth0 up',
    `route add default via ${gateway}`,
  ]);
}

/** For an interface that is up. */
async function attach6(namespaces: Namespaces, namespace: string, address: string, gateway: string): Promise<void> {
  await namespaces.ip(namespace, [`address add ${address} dev eth0 nodad`, `route add default via ${gateway}`]);
}

/** A port for an instance's network card, in the gateway's subnet. */
export async function addTap(namespaces: Namespaces, tap: string): Promise<void> {
  await namespaces.ip('vpc', [`tuntap add ${tap} mode tap`, `link set ${tap} master vpc`, `link set ${tap} up`]);
  await namespaces.run('vpc', ['bridge', 'link', 'set', 'dev', tap, 'isolated', 'on']);
}
