import type { Problems } from '../../forward/problems';

/** Props of a single gateway that a fleet does not have, and why; words that go on after "must be left out on a fleet". */
export const NOT_ON_A_FLEET = {
  availabilityZoneIndex: 'capacity.zones says over how many zones it is',
  eip: 'each zone has an address: give one for each by eips. One that a gateway still uses cannot move there',
  egress: 'a route leads to one host, and a fleet has none that stays. Use a PortwayStack beside it',
  ping: 'the balancer answers no pings and hands none on',
  reboot: 'all of its hosts would reboot in the same minute. Another ami replaces them, one in each zone at a time',
  onChange:
    "its hosts take over changes of forwards while they run, as with 'live'; changes of the machine replace them, one in each zone at a time",
  liveTrigger: "a group's tags do not reach running hosts, so they poll, as with 'poll'",
  attempt: 'hosts report to their group, which keeps no old reports: deploy again',
} as const;

/**
 * Words of Auto Scaling groups for which a fleet has no prop, and why; words that go on after "must be left out".
 * @see docs/decisions/fleet.md#refused-with-the-reason-in-the-message
 */
export const NO_WORDS: Readonly<Record<string, string>> = {
  spot: ' on a fleet: AWS ends such hosts within 2 minutes, and their connections take up to 300 s to end',
  ...named(
    ['warmPool', 'warmPoolSize'],
    ' on a fleet: an update replaces the hosts that serve, and none in the pool, so old ones would come back; and a host waits 3 to 5 minutes for the balancer, however it starts. Raise min, or lower scaleOn',
  ),
  ...named(
    ['instanceTypes', 'mixedInstances', 'mixedInstancesPolicy', 'weights'],
    ': capacity.fallbackTypes has the types that a zone gets without instanceType. All are of one size, since the balancer sends each host equally many connections, so the smallest would be full first',
  ),
  ...named(
    ['desired', 'desiredCapacity'],
    ': the number of hosts follows their load between min and max, and a deploy must not undo that',
  ),
};

function named(names: readonly string[], reason: string): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, reason]));
}

/** Reports the props that are there. */
export function refuseOthers(props: Readonly<Partial<Record<string, unknown>>>, problems: Problems): void {
  for (const [name, reason] of Object.entries(NOT_ON_A_FLEET))
    if (props[name] !== undefined) problems.add(name, `must be left out on a fleet: ${reason}`, props[name]);
}
