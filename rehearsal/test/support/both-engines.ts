import type { Cidr } from '../../../lib/forward/cidr';
import { Forward } from '../../../lib/forward/forward';
import { NO_SETTINGS } from '../../../lib/forward/gateway-settings';
import { resolveForwardsOrThrow } from '../../../lib/forward/resolve';
import { Tls } from '../../../lib/forward/tls';
import { inboundTraffic, outboundTraffic, type TrafficRule } from '../../../lib/forward/traffic';
import { hostContent } from '../../../lib/host/host-content';
import { OPERATING_SYSTEMS, type OperatingSystemId } from '../../../lib/host/operating-system';
import { carriedUserData } from '../../../test/support/carried';
import { INTERNET, VPC } from '../../src/network/addresses';
import type { FirewallRule, SecurityRules } from '../../src/network/firewall';

export const [FIRST, SECOND] = VPC.backends;
const ADMIN: Cidr = { text: `${INTERNET.admin.address}/32`, family: 4 };
const SIGNAL = 'http://cloudformation-waitcondition.rehearsal.internal/arn%3Aaws?X-Amz-Expires=86399';

/** A little of each engine on one gateway: all packages of a system, its nginx's dialect, its kernel's modules. */
export const forwards = resolveForwardsOrThrow({
  forwards: {
    web: Forward.http({ listen: 80, redirectTo: 'https' }),
    secure: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
    raw: Forward.tcp({ listen: 5432, to: `${FIRST}:8443` }),
    local: Forward.tcp({ listen: 81, to: 8080, engine: 'iptables' }),
    shared: Forward.tcp({
      ...{ listen: 82, to: [`${FIRST}:8080`, `${SECOND}:8080`], engine: 'iptables', family: 'ipv4' },
      limits: { newConnectionsPerSecond: 50 },
    }),
    voice: Forward.udp({ listen: '6000-6100', to: `${FIRST}:7000-7100`, engine: 'iptables', family: 'ipv4' }),
  },
});

/** That gateway's user-data for a system. */
export function userData(os: OperatingSystemId): string {
  const content = hostContent({ forwards, os: OPERATING_SYSTEMS[os] });
  return carriedUserData(content, { content: `both-${os}`, signalUrl: SIGNAL });
}

/** The security group of a stack with these forwards. */
export const rules: SecurityRules = {
  ingress: inboundTraffic(forwards, NO_SETTINGS, ADMIN).map(firewallRule),
  egress: outboundTraffic(forwards, NO_SETTINGS).map(firewallRule),
};

function firewallRule({ protocol, ports, peer }: TrafficRule): FirewallRule {
  return { protocol: `${protocol}`, fromPort: ports?.from, toPort: ports?.to, cidrs: [peer.text] };
}
