import type { Problems } from '../../forward/problems';

/** Props of a single gateway that a fleet does not have, and why; words that go on after "must be left out on a fleet". */
export const NOT_ON_A_FLEET = {
  availabilityZoneIndex: 'capacity.zones says over how many zones it is',
  eip: 'each zone has an address of its own, which belongs to the balancer. An address in use cannot move there: change the DNS record instead',
  egress: 'a route leads to one host, and a fleet has none that stays. Use a PortwayStack beside it',
  ipv6: "by IPv6 the balancer hands connections on from its own address, so allowFrom, limits and logs would not see the client's",
  ping: 'the balancer answers no pings and hands none on',
  reboot: 'all of its hosts would reboot in the same minute. Another ami replaces them, one in each zone at a time',
  onChange:
    "its hosts take over changes of forwards while they run, as with 'live'; changes of the machine replace them, one in each zone at a time",
  liveTrigger: "a group's tags do not reach running hosts, so they poll, as with 'poll'",
  attempt: 'hosts report to their group, which keeps no old reports: deploy again',
} as const;

/** Reports the props that are there. */
export function refuseOthers(props: Readonly<Partial<Record<string, unknown>>>, problems: Problems): void {
  for (const [name, reason] of Object.entries(NOT_ON_A_FLEET))
    if (props[name] !== undefined) problems.add(name, `must be left out on a fleet: ${reason}`, props[name]);
}
