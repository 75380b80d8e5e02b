import { join } from 'node:path';
import { Forward } from '../../lib/forward/forward';
import type { FleetVersion, Stage } from '../src/case';
import { CHECK_TIMEOUT } from '../src/fleet/balancer';
import type { FleetHost } from '../src/fleet/hosts';
import { INTERNET } from '../src/network/addresses';
import type { Party } from '../src/network/topology';

/** Targets in the VPC, outside of the hosts' subnets. They are not emulated. */
export const [ONE, OTHER] = ['10.0.9.10', '10.0.9.11'] as const;

/** Ports: of the kernel, of nginx, of the kernel but refused to the stranger, and one that changes. */
export const [WEB, SITE, CLOSED, SHOP] = [80, 81, 82, 8000] as const;

/**
 * The longest time from a host's end until its balancer knows, in seconds: until the next question, 10 s between two questions, the time
 * for the second's answer, and a look of the lab's.
 */
export const NOTICED = 10 + 10 + CHECK_TIMEOUT + 2;

const engine = 'iptables';

const version = (
  shop: string,
  more: FleetVersion['forwards'] = {},
  machine: Partial<FleetVersion> = {},
): FleetVersion => ({
  capacity: { min: 2, max: 4, zones: 2 },
  ami: { id: 'ami-0123456789abcdef0', rootDevice: '/dev/xvda' },
  // An emulated processor boots two hosts at once. A host that dies is replaced only after so long, too.
  bootMinutes: 12,
  forwards: {
    web: Forward.tcp({ listen: WEB, to: `${ONE}:8080`, engine }),
    site: Forward.http({ listen: SITE, to: `${ONE}:8080` }),
    // No security group can refuse, so the hosts must know the client.
    closed: Forward.tcp({ listen: CLOSED, to: `${ONE}:8080`, engine, denyFrom: [`${INTERNET.stranger.address}/32`] }),
    shop: Forward.tcp({ listen: SHOP, to: `${shop}:8080`, engine }),
    ...more,
  },
  ...machine,
});

const FAILS = join(__dirname, 'fleet-rolling', 'fails.sh');

/** Contents of a fleet with a host in each of two zones. */
export const FLEET = {
  first: version(ONE),
  'another target': version(OTHER),
  // It fails on each host: an application listens there.
  'taken port': version(OTHER, { taken: Forward.http({ listen: 8080, to: `${ONE}:8080` }) }),
  'three hosts': version(OTHER, {}, { capacity: { min: 3, max: 5, zones: 2 } }),
  'another type': version(ONE, {}, { instanceType: 't4g.small' }),
  'a boot that fails': version(ONE, {}, { instanceType: 't4g.medium', firstBootScript: FAILS }),
} as const satisfies Record<string, FleetVersion>;

/** Who answers a party on a port, and who it says has asked. `nobody`: no answer. */
export async function answerOf(
  { lab }: Stage,
  address: string,
  port: number,
  party: Party = 'stranger',
): Promise<{ readonly by: string; readonly client: string; readonly told: string }> {
  const { status, json } = await lab.probe.http(party, `http://${address}:${port}/`, { seconds: 5 });
  const seen = status === 200 ? (json as Seen | undefined) : undefined;
  const { host: by = 'nobody', client, headers = {} } = seen ?? {};
  return { by, client: client?.address ?? '', told: headers['x-forwarded-for'] ?? '' };
}

interface Seen {
  readonly host?: string;
  readonly client?: { readonly address: string };
  readonly headers?: Readonly<Record<string, string>>;
}

/** Checks that each zone's address leads to the hosts of its own zone, on both engines. */
export async function zonesServe(stage: Stage, hosts: readonly FleetHost[], when: string): Promise<void> {
  const { checks, phase, fleet } = stage;
  for (const host of hosts) {
    const address = fleet.balancer.addressOf(host);
    const [web, site] = [await answerOf(stage, address, WEB), await answerOf(stage, address, SITE)];
    const seen = `web: ${web.by} asked by ${web.client}; site: ${site.by} asked by ${site.client}`;
    const own = [web, site].every(({ by, client }) => by === ONE && client === host.privateIp);
    checks.expect(phase, `${when}, ${address} leads to ${host.privateIp} of its zone, by both engines`, own, seen);
  }
}
