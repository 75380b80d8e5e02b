import type { GatewaySettings } from '../forward/gateway-settings';
import { formatPorts } from '../forward/ports';
import { isKernelForward, isNginxForward, type ResolvedForward } from '../forward/resolved';
import { isToken } from '../forward/token';
import { inboundTraffic, separateTraffic } from '../forward/traffic';
import { assetFile, assetFiles, PACKAGE, PROGRAMS } from './assets';
import type { HostFile } from './host-file';

const TOOLS = ['top', 'top_logs', 'top_sums', 'explain', 'explain_kernel', 'explain_trial', 'rates', 'updates'];

/** Programs that only people use: `portway top` and `portway explain`, and what `portway status` adds to what it must say. A template that is sent without a bucket has no room for them. */
export function toolFiles(forwards: readonly ResolvedForward[], settings: GatewaySettings): readonly HostFile[] {
  const modules = [
    ...TOOLS,
    ...(forwards.some(isKernelForward) ? ['top_flows'] : []),
    ...(forwards.some(isNginxForward) ? ['explain_nginx'] : []),
  ];
  const programs = modules.map((module) => assetFile(`${PACKAGE}/${module}.py`));
  return [
    ...[...programs, ...groupFile(forwards, settings)].map((file) => ({ ...file, optional: 'tool' }) as const),
    ...runningFiles(settings).map((file) => ({ ...file, optional: 'extra' }) as const),
  ];
}

/** What says how old the kernel and nginx are that run: to `portway status`, and to the console after a boot, a change, and work of apt. */
function runningFiles({ reboot }: GatewaySettings): readonly HostFile[] {
  return assetFiles(
    `${PACKAGE}/running.py`,
    // With `reboot` the host has it already.
    ...(reboot === undefined ? [`${PACKAGE}/due.py`] : []),
    `${PROGRAMS}/host.d/tell.sh`,
    '/etc/apt/apt.conf.d/99portway-tell',
  );
}

/**
 * What the security group lets in, for `portway explain`, which may not ask AWS: a line for each rule with protocol, ports (0 if it has
 * none), network, and the forwards that it serves. Without port 22, which the admin alone may use, and
 * without pings, so that a host stays as it is when they are allowed. No file if a network is known only at deploy time.
 */
function groupFile(forwards: readonly ResolvedForward[], settings: GatewaySettings): readonly HostFile[] {
  const rules = inboundTraffic(forwards, settings, undefined, (all) => all).filter(
    ({ protocol }) => protocol !== 'icmp' && protocol !== 'icmpv6',
  );
  const lines = separateTraffic(Number.POSITIVE_INFINITY)(rules).map(({ protocol, ports, peer, reasons }) =>
    [protocol, ports === undefined ? 0 : formatPorts(ports), peer.text, reasons.join(',')].join(' '),
  );
  const text = `${lines.join('\n')}\n`;
  return isToken(text) ? [] : [{ path: '/etc/portway/group', mode: '0644', text, origin: 'copy' }];
}
