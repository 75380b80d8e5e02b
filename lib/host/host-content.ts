import { type GatewaySettings, NO_SETTINGS } from '../forward/gateway-settings';
import { formatPorts } from '../forward/ports';
import { cachesOf } from '../forward/read-cache';
import { hostsOf, isPortForward, type ResolvedForward } from '../forward/resolved';
import { renderIptables } from '../iptables/render';
import { renderNftables } from '../nftables/render';
import { needsStream, renderNginx } from '../nginx/render';
import { assetFile } from './assets';
import { healthFiles } from './health';
import type { HostFile } from './host-file';
import type { OperatingSystem } from './operating-system';

/** All that a host is given apart from what differs between two deploys of the same (its signal's URL). */
export interface HostContent {
  readonly files: readonly HostFile[];
  /** For /etc/portway/portway.env; the scripts in assets/ say what each means. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface HostContentProps {
  readonly forwards: readonly ResolvedForward[];
  /** Default: nothing but the forwards. */
  readonly settings?: GatewaySettings;
  readonly os: OperatingSystem;
  /** Default: 1024. */
  readonly memoryMiB?: number;
  readonly firstBootScript?: HostFile;
}

/** What the host of these forwards is given. */
export function hostContent({
  forwards,
  settings = NO_SETTINGS,
  os,
  memoryMiB,
  firstBootScript,
}: HostContentProps): HostContent {
  const kernel = kernelPart(forwards, settings, os);
  const proxy = nginxPart(forwards, os, memoryMiB);
  const packages = [
    ...(kernel?.packages ?? []),
    ...(proxy === undefined ? [] : os.packages.nginx),
    ...(needsStream(forwards) ? os.packages.stream : []),
    ...(forwards.filter(isPortForward).some((f) => f.tls?.source === 'self-signed') ? os.packages.tls : []),
  ];
  return {
    files: [
      assetFile('host.sh', '/usr/local/lib/portway/host.sh', '0755'),
      ...(kernel?.files ?? []),
      ...(proxy?.files ?? []),
      ...(firstBootScript === undefined ? [] : [firstBootScript]),
    ],
    settings: {
      PORTWAY_PACKAGES: packages.join(' '),
      ...proxy?.settings,
    },
  };
}

function kernelPart(forwards: readonly ResolvedForward[], settings: GatewaySettings, { packages }: OperatingSystem) {
  const own = forwards.filter((f) => f.engine === 'iptables');
  const rules = own.length + settings.egress.length > 0 ? renderIptables(own, settings) : undefined;
  const sets = renderNftables(own, settings);
  if (rules === undefined && sets === undefined) return undefined;
  const hasSources = settings.blocked.length > 0 || own.some((f) => f.allowFrom.length + f.denyFrom.length > 0);
  const files: readonly HostFile[] = [
    ...(rules === undefined ? [] : [rulesFile('iptables', rules.v4), rulesFile('ip6tables', rules.v6, !settings.ipv6)]),
    ...(sets === undefined ? [] : [rulesFile('nftables', sets, !hasSources)]),
    assetFile('rules.py', '/usr/local/lib/portway/rules.py', '0755'),
    assetFile('systemd/portway-iptables.service', '/etc/systemd/system/portway-iptables.service', '0644'),
    ...healthFiles(own),
    // A gateway that leads nowhere else stays a plain host and routes nothing.
    ...(own.some((f) => hostsOf(f).some((h) => h.kind !== 'local')) ? forwardingFiles() : []),
    ...([...own.flatMap(hostsOf).map((h) => h.kind === 'ipv6'), ...settings.egress.map((c) => c.family === 6)].some(
      Boolean,
    )
      ? [assetFile('sysctl.d/91-portway-ipv6.conf', '/etc/sysctl.d/91-portway-ipv6.conf', '0644')]
      : []),
  ];
  return {
    files,
    packages: [...(rules === undefined ? [] : packages.iptables), ...(sets === undefined ? [] : packages.nftables)],
  };
}

/** `packed`: without IPv6, and without lists of sources, these files only say again what the IPv4 rules say. */
function rulesFile(part: 'iptables' | 'ip6tables' | 'nftables', text: string, packed = false): HostFile {
  return { path: `/etc/portway/${part}.rules`, mode: '0644', text, origin: 'rules', packed };
}

function forwardingFiles(): readonly HostFile[] {
  return [
    assetFile('sysctl.d/90-portway.conf', '/etc/sysctl.d/90-portway.conf', '0644'),
    assetFile('modules-load.d/portway.conf', '/etc/modules-load.d/portway.conf', '0644'),
  ];
}

function nginxPart(forwards: readonly ResolvedForward[], os: OperatingSystem, memoryMiB: number | undefined) {
  const own = forwards.filter(isPortForward).filter((f) => f.engine === 'nginx');
  const conf = renderNginx(own, os.nginx, memoryMiB);
  if (conf === undefined) return undefined;
  const files: readonly HostFile[] = [
    { path: '/etc/nginx/nginx.conf', mode: '0644', text: conf.text, origin: 'rules' },
    assetFile('nginx.service.d/portway.conf', '/etc/systemd/system/nginx.service.d/portway.conf', '0644'),
    assetFile('logrotate.d/portway', '/etc/logrotate.d/portway', '0644'),
    ...(own.some((f) => f.sites.length > 0)
      ? [assetFile('maintenance.py', '/usr/local/lib/portway/maintenance.py', '0755')]
      : []),
    ...(cachesOf(own).length > 0 ? [assetFile('cache.py', '/usr/local/lib/portway/cache.py', '0755')] : []),
  ];
  const selfSigned = own.filter((f) => f.tls?.source === 'self-signed').map((f) => f.name);
  return {
    files,
    settings: {
      PORTWAY_NGINX_GENERATION: conf.generation,
      PORTWAY_NGINX_LISTEN: own.map((f) => `${f.transport}/${formatPorts(f.listen)}`).join(' '),
      ...(selfSigned.length > 0 ? { PORTWAY_SELF_SIGNED: selfSigned.join(' ') } : {}),
    },
  };
}
