import type { Confirmed } from '../forward/confirm';
import { type GatewaySettings, NO_SETTINGS } from '../forward/gateway-settings';
import { formatPorts } from '../forward/ports';
import { isNginxForward, type PortForward, type ResolvedForward, transportsOf } from '../forward/resolved';
import { countsTraffic } from '../kernel/monitoring';
import { HEADS, renderHeads } from '../nginx/heads';
import { needsStream, renderNginx } from '../nginx/render';
import { assetFiles, PACKAGE, PROGRAMS, UNITS } from './assets';
import { certificatesPart } from './certificates';
import { commandFiles } from './command';
import { bootFiles } from './content/boot-files';
import { fetchedListsPart } from './fetched-lists';
import { fleetFiles } from './fleet';
import type { HostFile } from './host-file';
import { kernelPart } from './kernel';
import { confirmFiles } from './live/confirm';
import { liveFiles } from './live/files';
import { sourcesFiles } from './live/sources-file';
import { metadataPart } from './metadata';
import { monitoringFiles, needed } from './monitoring';
import type { OperatingSystem } from './operating-system';
import { protectPart } from './protect';
import { sandboxFile } from './sandbox';
import { updateFiles } from './updates';

/** A host's files and settings, without what differs between two deploys of the same stack (the signal's URL). */
export interface HostContent {
  readonly files: readonly HostFile[];
  /** Settings in /etc/portway/portway.env; the scripts in assets/ document them. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface HostContentProps {
  /** The gateway's name in its account and region, under which CloudWatch knows it. Default: Portway. */
  readonly name?: string;
  readonly forwards: readonly ResolvedForward[];
  /** Default: nothing but the forwards. */
  readonly settings?: GatewaySettings;
  readonly os: OperatingSystem;
  /** Default: 1024. */
  readonly memoryMiB?: number;
  readonly firstBootScript?: HostFile;
  /** Whether the host applies changes while it runs. Default: false. */
  readonly live?: boolean;
  /** For how many seconds a live host lets connections go on that a change leaves behind. Default: see cut.py. */
  readonly drainSeconds?: number;
  /** Forwards of a live host that must answer after a change. Default: none. */
  readonly confirmed?: readonly Confirmed[];
  /** Whether the host is one of a fleet's. Default: false. */
  readonly inFleet?: boolean;
}

/** The content of a host with these forwards. */
export function hostContent({
  name = 'Portway',
  forwards,
  settings = NO_SETTINGS,
  os,
  memoryMiB = 1024,
  firstBootScript,
  live = false,
  drainSeconds,
  confirmed = [],
  inFleet = false,
}: HostContentProps): HostContent {
  const kernel = kernelPart(forwards, settings, os, { live });
  const proxy = nginxPart(forwards, settings, os, memoryMiB);
  const metadata = metadataPart(settings);
  const certificates = certificatesPart(forwards, os);
  const protect = protectPart(forwards, settings, os);
  const fetched = fetchedListsPart(forwards, settings, os);
  const packages = [
    ...kernel.packages,
    ...(proxy?.packages ?? []),
    ...(needsStream(forwards) ? os.packages.stream : []),
    ...certificates.packages,
    ...protect.packages,
    ...fetched.packages,
  ];
  const ofLive = live ? [...liveFiles(forwards), ...sourcesFiles(forwards, settings), ...confirmFiles(confirmed)] : [];
  const ofBoot = bootFiles({ live });
  const missing = (file: HostFile) => !ofBoot.some(({ path }) => path === file.path);
  const files: readonly HostFile[] = [
    // With less memory, the kernel kills package managers.
    ...(memoryMiB < 1024 ? assetFiles(`${PROGRAMS}/host.d/swap.sh`) : []),
    ...metadata.files,
    ...updateFiles(forwards, settings, os),
    ...kernel.files,
    ...protect.files,
    ...fetched.files,
    ...commandFiles(forwards, settings),
    ...assetFiles(`${PROGRAMS}/host.sh`, '/etc/cloud/cloud.cfg.d/90-portway.cfg'),
    ...(proxy?.files ?? []),
    ...ofBoot,
    ...certificates.files.filter(missing),
    ...ofLive,
    ...monitoringFiles(forwards, settings, name, inFleet),
    ...(inFleet ? fleetFiles() : []),
    ...(firstBootScript === undefined ? [] : [...assetFiles(`${PROGRAMS}/host.d/first-boot.sh`), firstBootScript]),
  ];
  return {
    files: countsTraffic(settings) ? files.map(needed) : files,
    settings: {
      PORTWAY_PACKAGES: [...new Set(packages)].join(' '),
      ...proxy?.settings,
      ...metadata.settings,
      ...(drainSeconds === undefined ? {} : { PORTWAY_DRAIN: `${drainSeconds}` }),
    },
  };
}

function nginxPart(
  forwards: readonly ResolvedForward[],
  settings: GatewaySettings,
  os: OperatingSystem,
  memoryMiB: number,
) {
  const { ipv6, protect } = settings;
  const own = forwards.filter(isNginxForward);
  const conf = renderNginx(own, os.nginx, memoryMiB, protect, countsTraffic(settings));
  if (conf === undefined) return undefined;
  const heads = renderHeads(own, { families: ipv6 ? [4, 6] : [4], memoryMiB });
  const files: readonly HostFile[] = [
    { path: '/etc/nginx/nginx.conf', mode: '0644', text: conf, origin: 'rules' },
    ...(heads === undefined ? [] : [{ path: HEADS.file, mode: '0644', text: heads, origin: 'rules' } as const]),
    ...assetFiles(
      `${PROGRAMS}/host.d/nginx.sh`,
      '/etc/sysctl.d/90-portway-nginx.conf',
      `${UNITS}/nginx.service.d/portway.conf`,
      `${PACKAGE}/nginx.py`,
      `${PACKAGE}/rotate.py`,
      `${UNITS}/portway-logs.service`,
      `${UNITS}/portway-logs.timer`,
    ),
    sandboxFile('nginx'),
  ];
  return {
    files,
    packages: [...os.packages.nginx, ...(heads === undefined ? [] : os.packages.nftables)],
    settings: {
      PORTWAY_NGINX_LISTEN: [...new Set(own.flatMap(listenersOf))].join(' '),
    },
  };
}

function listenersOf(forward: PortForward): readonly string[] {
  return transportsOf(forward).map((transport) => `${transport}/${formatPorts(forward.listen)}`);
}
