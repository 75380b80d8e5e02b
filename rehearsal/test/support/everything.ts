import type { Cidr } from '../../../lib/forward/cidr';
import { Forward } from '../../../lib/forward/forward';
import { readGatewaySettings } from '../../../lib/forward/gateway-settings';
import { Problems } from '../../../lib/forward/problems';
import { checkReach } from '../../../lib/forward/reach';
import { resolveForwardsOrThrow } from '../../../lib/forward/resolve';
import { inboundTraffic, outboundTraffic, type TrafficRule } from '../../../lib/forward/traffic';
import { hostContent } from '../../../lib/host/host-content';
import { OPERATING_SYSTEMS } from '../../../lib/host/operating-system';
import { carriedUserData } from '../../../test/support/carried';
import { INTERNET, VPC } from '../../src/network/addresses';
import type { FirewallRule, SecurityRules } from '../../src/network/firewall';
import { ipv6Map } from '../../src/network/ipv6';

/** PORTWAY_TEST_DEBIAN=12 selects Debian 12, as in the host tests. */
export const OS = process.env.PORTWAY_TEST_DEBIAN === '12' ? 'debian-12' : 'debian-13';
export const INSTANCE = 'i-0fedcba9876543210';
export const EIP = '203.0.113.100';
export const OWN = '10.0.0.10';
export const OWN6 = '2001:db8:1200::a';
export const SIX = { vpc: '2001:db8:1200::/56', subnet: '2001:db8:1200::/64' };
export const [FIRST, SECOND] = VPC.backends;
export const [FIRST6 = ''] = ipv6Map(SIX).backends;
export const STRANGER = INTERNET.stranger.address;
/** Another address of the stranger's, which the gateway blocks. */
export const BLOCKED = '198.51.100.66';
const ADMIN: Cidr = { text: `${INTERNET.admin.address}/32`, family: 4 };
const SIGNAL = 'http://cloudformation-waitcondition.rehearsal.internal/arn%3Aaws?X-Amz-Expires=86399';
export const ESP = '50';

const web = Forward.tcp({ listen: 80, to: [`${FIRST}:8080`, `[${FIRST6}]:8080`] });
const local = Forward.tcp({ listen: 81, to: 8080 });
const shared = (healthCheck: boolean) =>
  Forward.tcp({
    ...{ listen: 82, family: 'ipv4', healthCheck: healthCheck && { interval: 1 } },
    to: [{ to: `${FIRST}:8080`, weight: 3 }, `${SECOND}:8080`],
  });
/** Each thing that a gateway with iptables can do, once (health checks: see below). */
export const forwards = resolveForwardsOrThrow({
  engine: 'iptables',
  forwards: {
    web,
    local,
    shared: shared(false),
    voice: Forward.udp({ listen: '6000-6100', to: `${FIRST}:7000-7100`, family: 'ipv4' }),
    sticky: Forward.tcp({ listen: 83, to: [`${FIRST}:8080`, `${SECOND}:8080`], balance: 'source', family: 'ipv4' }),
    limited: Forward.tcp({
      ...{ listen: 84, to: `${FIRST}:8080`, family: 'ipv4' },
      limits: { newConnectionsPerSecond: 1, burst: 5 },
    }),
    private: Forward.tcp({
      ...{ listen: 85, to: `${FIRST}:8080`, family: 'ipv4' },
      allowFrom: ['198.51.100.0/24', ADMIN.text],
      denyFrom: [`${STRANGER}/32`],
    }),
    seen: Forward.tcp({ listen: 86, to: `${SECOND}:8080`, preserveClientAddress: true, family: 'ipv4' }),
    vpn: Forward.protocol({ protocol: 'esp', to: SECOND, family: 'ipv4' }),
  },
});
/** The forwards after a change: some are gone, some stay, and one now has a health check. */
export const changed = resolveForwardsOrThrow({ engine: 'iptables', forwards: { web, local, shared: shared(true) } });
const problems = new Problems();
const settings = readGatewaySettings(
  {
    blocked: [`${BLOCKED}/32`],
    egress: { from: [VPC.backendSubnet, ipv6Map(SIX).backendSubnet] },
    ping: true,
    ipv6: true,
  },
  ADMIN,
  problems,
);
checkReach(forwards, settings, problems);
problems.throwIfAny();

/** User-data of a gateway with these settings. */
export function userData(name: string, set: typeof forwards): string {
  const content = hostContent({ forwards: set, settings, os: OPERATING_SYSTEMS[OS] });
  return carriedUserData(content, { content: name, signalUrl: `${SIGNAL}&X=${name}` });
}

/** The rule of the stack as EC2's API would return it. */
function firewallRule({ protocol, ports, peer }: TrafficRule): FirewallRule {
  const cidrs = [peer.text];
  if (protocol === 'all') return { protocol: '-1', cidrs };
  if (protocol === 'icmp') return { protocol, fromPort: 8, toPort: -1, cidrs };
  if (protocol === 'icmpv6') return { protocol, fromPort: 128, toPort: -1, cidrs };
  return { protocol: `${protocol}`, fromPort: ports?.from, toPort: ports?.to, cidrs };
}

/** The stack's security group for {@link forwards}. */
export const rules: SecurityRules = {
  ingress: inboundTraffic(forwards, settings, ADMIN).map(firewallRule),
  egress: outboundTraffic(forwards, settings).map(firewallRule),
};
