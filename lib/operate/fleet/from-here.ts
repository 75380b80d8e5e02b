import { networkInterfaces } from 'node:os';
import { type SeenFromHere, seenFromHere } from '../from-here/from-here';
import type { Promised } from '../promised';
import type { Told } from './group-differences';
import type { PromisedFleet } from './promised-fleet';

const NO_IPV6 = "this machine has no IPv6: the balancer's IPv6 addresses were not looked at";

/**
 * Looks at each of the balancer's addresses by itself: a zone whose hosts do not answer is not hidden by another. Its names lead to several
 * addresses, and leave out zones without a healthy host, so they are not looked at.
 *
 * @param addresses by IPv4
 * @param byIpv6 those by IPv6
 * @param see another look, for tests
 */
export async function fleetFromHere(
  promised: Promised & { readonly fleet: PromisedFleet },
  addresses: readonly string[],
  byIpv6: readonly string[],
  { see = seenFromHere, hasIpv6 = reachesIpv6() }: Look = {},
): Promise<Told> {
  const { inbound } = promised.fleet.balancer;
  const own = { ...promised, inbound, names: [] };
  const of6 = { ...own, forwards: promised.forwards.filter(({ families }) => families.includes(6)) };
  const seen = await Promise.all([
    ...addresses.map((one) => see(own, { v4: one })),
    ...(hasIpv6 ? byIpv6.map((one) => see(of6, { v4: one })) : []),
  ]);
  const [blind] = seen.flatMap((one) => one.blind ?? []);
  return {
    differences: seen.flatMap(({ differences }) => differences),
    notes: [...(blind === undefined ? [] : [blind]), ...(byIpv6.length > 0 && !hasIpv6 ? [NO_IPV6] : [])],
  };
}

interface Look {
  readonly see?: (promised: Promised, addresses: { readonly v4: string }) => Promise<SeenFromHere>;
  readonly hasIpv6?: boolean;
}

/** Whether this machine has an address that the internet may answer to. */
function reachesIpv6(): boolean {
  const all = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  return all.some(({ family, internal, address }) => family === 'IPv6' && !internal && /^[23]/.test(address));
}
