import { type GatewaySettings, NO_SETTINGS } from '../forward/gateway-settings';
import { formatPorts } from '../forward/ports';
import { isPortForward, type PortForward, type ResolvedForward, transportsOf } from '../forward/resolved';
import { needsStream, renderNginx } from '../nginx/render';
import { assetFile, partFile, sysctlFile } from './assets';
import { certificatesPart } from './certificates';
import { commandFiles } from './command';
import type { HostFile } from './host-file';
import { kernelPart } from './kernel';
import { metadataPart } from './metadata';
import type { OperatingSystem } from './operating-system';

/** A host's files and settings, without what differs between two deploys of the same stack (the signal's URL). */
export interface HostContent {
  readonly files: readonly HostFile[];
  /** Settings in /etc/portway/portway.env; the scripts in assets/ document them. */
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

/** The content of a host with these forwards. */
export function hostContent({
  forwards,
  settings = NO_SETTINGS,
  os,
  memoryMiB = 1024,
  firstBootScript,
}: HostContentProps): HostContent {
  const kernel = kernelPart(forwards, settings, os);
  const proxy = nginxPart(forwards, os, memoryMiB);
  const metadata = metadataPart(settings);
  const certificates = certificatesPart(forwards.filter(isPortForward), os);
  const packages = [
    ...kernel.packages,
    ...(proxy === undefined ? [] : os.packages.nginx),
    ...(needsStream(forwards) ? os.packages.stream : []),
    ...certificates.packages,
  ];
  return {
    files: [
      // With less memory, package managers are killed.
      ...(memoryMiB < 1024 ? [partFile('swap')] : []),
      ...metadata.files,
      ...kernel.files,
      ...commandFiles(forwards),
      assetFile('host.sh', '/usr/local/lib/portway/host.sh', '0755'),
      assetFile('cloud.cfg.d/90-portway.cfg', '/etc/cloud/cloud.cfg.d/90-portway.cfg', '0644'),
      ...(proxy?.files ?? []),
      ...certificates.files,
      ...(firstBootScript === undefined ? [] : [partFile('first-boot'), firstBootScript]),
    ],
    settings: {
      PORTWAY_PACKAGES: packages.join(' '),
      ...proxy?.settings,
      ...metadata.settings,
    },
  };
}

function nginxPart(forwards: readonly ResolvedForward[], os: OperatingSystem, memoryMiB: number) {
  const own = forwards.filter(isPortForward).filter((f) => f.engine === 'nginx');
  const conf = renderNginx(own, os.nginx, memoryMiB);
  if (conf === undefined) return undefined;
  const files: readonly HostFile[] = [
    { path: '/etc/nginx/nginx.conf', mode: '0644', text: conf, origin: 'rules' },
    partFile('nginx'),
    sysctlFile('90-portway-nginx.conf'),
    assetFile('nginx.service.d/portway.conf', '/etc/systemd/system/nginx.service.d/portway.conf', '0644'),
    assetFile('logs.py', '/usr/local/lib/portway/logs.py', '0755'),
    ...['service', 'timer'].map((kind) =>
      assetFile(`systemd/portway-logs.${kind}`, `/etc/systemd/system/portway-logs.${kind}`, '0644'),
    ),
  ];
  return {
    files,
    settings: {
      PORTWAY_NGINX_LISTEN: [...new Set(own.flatMap(listenersOf))].join(' '),
    },
  };
}

function listenersOf(forward: PortForward): readonly string[] {
  return transportsOf(forward).map((transport) => `${transport}/${formatPorts(forward.listen)}`);
}
