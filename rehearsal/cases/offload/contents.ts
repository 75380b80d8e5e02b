import { Forward } from '../../../lib/forward/forward';
import type { GatewaySettingsProps } from '../../../lib/forward/gateway-settings';
import { readGatewaySettings } from '../../../lib/forward/gateway-settings';
import { Problems } from '../../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../../lib/forward/resolve';
import { hostContent } from '../../../lib/host/host-content';
import type { HostFile } from '../../../lib/host/host-file';
import { OPERATING_SYSTEMS } from '../../../lib/host/operating-system';

/** The contents that behaviour.py applies one after the other; it has the same ports and addresses. */
const TARGETS = ['10.0.1.10', '[fd00:1::10]'];
const OTHERS = ['10.0.1.11', '[fd00:1::11]'];
const CLIENTS = ['192.0.2.0/24', '2001:db8:1::/64'];

const to = (hosts: readonly string[], port: string) => hosts.map((host) => `${host}:${port}`);
const tcp = (listen: number, more: object = {}) => Forward.tcp({ listen, to: to(TARGETS, '8080'), ...more } as never);
const udp = (hosts: readonly string[]) => Forward.udp({ listen: '9000-9010', to: to(hosts, '9000-9010') });

const FIRST = {
  web: tcp(80),
  game: udp(TARGETS),
  kept: tcp(81, { preserveClientAddress: true }),
  crowd: tcp(82, { limits: { openConnections: 2 } }),
  rush: tcp(83, { limits: { newConnectionsPerSecond: 1, burst: 3 } }),
};
const OUT = { flowOffload: true, ipv6: true, egress: { from: ['10.0.1.0/24', 'fd00:1::/64'] } };

const CONTENTS: Readonly<Record<string, [Readonly<Record<string, Forward>>, GatewaySettingsProps]>> = {
  first: [FIRST, OUT],
  blocked: [FIRST, { ...OUT, blocked: CLIENTS }],
  denied: [{ ...FIRST, web: tcp(80, { denyFrom: CLIENTS }) }, OUT],
  moved: [{ ...FIRST, game: udp(OTHERS) }, OUT],
};

/** All files of a host, by the content's name. */
export function contents(): ReadonlyMap<string, readonly HostFile[]> {
  return new Map(
    Object.entries(CONTENTS).map(([name, [forwards, props]]) => {
      const problems = new Problems();
      const settings = readGatewaySettings(props, undefined, problems);
      problems.throwIfAny();
      const resolved = resolveForwardsOrThrow({ forwards, engine: 'iptables' });
      const os = OPERATING_SYSTEMS['debian-13'];
      return [name, hostContent({ forwards: resolved, settings, os, live: true }).files] as const;
    }),
  );
}
