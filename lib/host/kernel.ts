import type { Family } from '../forward/cidr';
import type { GatewaySettings } from '../forward/gateway-settings';
import { hostsOf, isKernelForward, isPortForward, type ResolvedForward } from '../forward/resolved';
import { renderIptables } from '../kernel/render-iptables';
import { renderNftables } from '../kernel/render-nftables';
import { assetFile, assetFiles, PACKAGE, PROGRAMS, UNITS } from './assets';
import { flowFiles } from './flows';
import { healthFiles } from './health';
import type { HostFile } from './host-file';
import type { OperatingSystem } from './operating-system';
import { sandboxFile } from './sandbox';

/**
 * The kernel's part of a host: rules, the programs that apply them, and the kernel settings they need. With `live`,
 * other programs end what a change leaves behind: see liveFiles.
 */
export function kernelPart(
  forwards: readonly ResolvedForward[],
  settings: GatewaySettings,
  { packages }: OperatingSystem,
  { live }: { readonly live: boolean },
): { readonly files: readonly HostFile[]; readonly packages: readonly string[] } {
  const ping = settings.ping === false ? assetFiles('/etc/sysctl.d/90-portway-ping.conf') : [];
  const own = forwards.filter(isKernelForward);
  const rules = own.length + settings.egress.length > 0 ? renderIptables(own, settings) : undefined;
  const sets = renderNftables(own, settings);
  if (rules === undefined && sets === undefined) return { files: ping, packages: [] };
  const flows = flowFiles(own, settings, { live });
  const files: readonly HostFile[] = [
    ...(rules === undefined ? [] : [rulesFile('iptables', rules.v4)]),
    // Without IPv6, no packet would ever match them.
    ...(rules === undefined || !settings.ipv6 ? [] : [rulesFile('ip6tables', rules.v6)]),
    ...(sets === undefined ? [] : [rulesFile('nftables', sets)]),
    ...assetFiles(
      `${PACKAGE}/rules.py`,
      `${PACKAGE}/rulesets.py`,
      ...(!live && own.some((f) => !isPortForward(f) || f.transport === 'udp')
        ? [`${PACKAGE}/flush_conntrack.py`]
        : []),
      `${UNITS}/portway-iptables.service`,
    ),
    sandboxFile('portway-iptables'),
    // Optional: it only warns.
    ...(own.some((f) => isPortForward(f) && f.targets.some((t) => t.kind === 'local'))
      ? [{ ...assetFile(`${PACKAGE}/rule_targets.py`), optional: true }]
      : []),
    ...flows,
    ...healthFiles(own),
    // Optional, like `portway status`, which shows it.
    ...(own.length === 0 ? [] : TRAFFIC.map((path) => ({ ...assetFile(path), optional: true }))),
    ...(rules === undefined ? [] : assetFiles('/etc/sysctl.d/90-portway-tracking.conf')),
    // Turns on IP forwarding only if a forward or egress needs it.
    ...(routes(own, settings, 4) ? assetFiles('/etc/sysctl.d/90-portway.conf') : []),
    ...(routes(own, settings, 6) ? assetFiles('/etc/sysctl.d/91-portway-ipv6.conf', `${PROGRAMS}/host.d/ipv6.sh`) : []),
    ...ping,
  ];
  return {
    files,
    packages: [
      ...(rules === undefined ? [] : packages.iptables),
      ...(sets === undefined && flows.length === 0 ? [] : packages.nftables),
    ],
  };
}

/** What adds up what forwards carry. */
const TRAFFIC = [`${PACKAGE}/traffic.py`, `${UNITS}/portway-traffic.socket`, `${UNITS}/portway-traffic.service`];

function rulesFile(part: 'iptables' | 'ip6tables' | 'nftables', text: string): HostFile {
  return { path: `/etc/portway/${part}.rules`, mode: '0644', text, origin: 'rules' };
}

/** Whether the host forwards packets of an IP version to other hosts. */
function routes(forwards: readonly ResolvedForward[], { egress }: GatewaySettings, family: Family): boolean {
  const hosts = forwards.flatMap(hostsOf);
  return hosts.some((h) => h.kind === `ipv${family}`) || egress.some((c) => c.family === family);
}
