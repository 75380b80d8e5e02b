import { mergeCidrs } from '../forward/cidr';
import { cloudWatchMetrics } from '../forward/cloud-watch-metrics';
import type { GatewaySettings } from '../forward/gateway-settings';
import { isNginxForward, isWebForward, type ResolvedForward } from '../forward/resolved';
import { countsTraffic } from '../kernel/monitoring';
import { assetFiles, PACKAGE, UNITS } from './assets';
import type { HostFile } from './host-file';

const MODULES = ['metrics', 'metrics_forwards', 'metrics_host', 'metrics_logs'];

/** What asks the kernel for them. */
const DROPS = [`${PACKAGE}/drops.py`, `${UNITS}/portway-drops.socket`, `${UNITS}/portway-drops.service`];

/** A log group that the stack makes for the host. */
export interface HostLogGroup {
  readonly name: string;
  /** The streams that the host writes. */
  readonly streams: readonly string[];
  readonly retentionDays: number;
}

/** Where the host's metrics and logs go, if they do. */
export interface HostLogGroups {
  readonly metrics?: HostLogGroup;
  readonly logs?: HostLogGroup;
}

/** Where the host's metrics and logs go in CloudWatch Logs, by the ids of their constructs. */
export function hostLogGroups(
  forwards: readonly ResolvedForward[],
  { cloudWatch, shippedLogs, protect }: GatewaySettings,
  gateway: string,
): HostLogGroups {
  const name = `/portway/${gateway}`;
  const traffic = [
    ...(forwards.some(isWebForward) ? ['access'] : []),
    ...(forwards.some((f) => isNginxForward(f) && !isWebForward(f)) ? ['stream'] : []),
    ...(forwards.some(isNginxForward) ? ['error'] : []),
  ];
  const streams = [
    'bootstrap',
    ...(protect === undefined ? [] : ['protect']),
    ...(shippedLogs?.access === true ? traffic : []),
  ];
  return {
    ...(cloudWatch === undefined
      ? {}
      : { metrics: { name, streams: ['metrics'], retentionDays: cloudWatch.retentionDays } }),
    ...(shippedLogs === undefined
      ? {}
      : { logs: { name: `${name}/logs`, streams, retentionDays: shippedLogs.retentionDays } }),
  };
}

/**
 * What counts, answers Prometheus, and tells CloudWatch; nothing if nobody asks.
 * @param name the gateway's name in its account and region
 * @param isOneOfMany whether other hosts send under the same name
 */
export function monitoringFiles(
  forwards: readonly ResolvedForward[],
  settings: GatewaySettings,
  name: string,
  isOneOfMany: boolean,
): readonly HostFile[] {
  const { logs } = hostLogGroups(forwards, settings, name);
  if (!countsTraffic(settings) && logs === undefined) return [];
  const { prometheus } = settings;
  // The security group opens the port to them alone, but lets in `egress` and further groups with every port.
  const readers = mergeCidrs(prometheus?.from ?? []).map(({ text }) => text);
  const text = `${JSON.stringify(prometheus === undefined ? {} : { port: prometheus.port, from: readers })}\n`;
  return [
    { path: '/etc/portway/metrics.json', mode: '0644', text, origin: 'rules' },
    ...assetFiles(...MODULES.map((module) => `${PACKAGE}/${module}.py`), `${UNITS}/portway-metrics.service`),
    ...(countsTraffic(settings) ? assetFiles(...DROPS) : []),
    ...cloudWatchFiles(forwards, settings, name, isOneOfMany),
  ];
}

/** What tells CloudWatch. A forward has a line of its own, for `cdk diff`. */
function cloudWatchFiles(
  forwards: readonly ResolvedForward[],
  settings: GatewaySettings,
  name: string,
  isOneOfMany: boolean,
): readonly HostFile[] {
  const { metrics: events, logs } = hostLogGroups(forwards, settings, name);
  if (events === undefined && logs === undefined) return [];
  const metrics = cloudWatchMetrics(forwards, settings);
  const lines = Object.entries(metrics?.forwards ?? {}).map((one) =>
    one.map((part) => JSON.stringify(part)).join(': '),
  );
  const head = JSON.stringify({
    ...{ gateway: name, seconds: 60 },
    ...(isOneOfMany ? { host: true } : {}),
    ...(events === undefined ? {} : { group: events.name, stream: events.streams[0], metrics: metrics?.gateway }),
    ...(logs === undefined ? {} : { logs: { group: logs.name, names: logs.streams } }),
  }).slice(0, -1);
  const text = `${head},\n"forwards": {\n${lines.join(',\n')}\n}}\n`;
  return [
    { path: '/etc/portway/cloudwatch.json', mode: '0644', text, origin: 'rules' },
    ...assetFiles(
      `${PACKAGE}/cloudwatch.py`,
      `${PACKAGE}/cloudwatch_send.py`,
      ...(logs === undefined ? [] : [`${PACKAGE}/cloudwatch_logs.py`]),
      `${UNITS}/portway-metrics.service.d/cloudwatch.conf`,
    ),
  ];
}

/** Files that are only comfort elsewhere: which forwards there are, and what the kernel's ones carry. */
const NEEDED = /\/(forwards|traffic\.py|portway-traffic\.\w+)$/;

/** A file of a host with metrics, which the metrics may need. */
export function needed({ optional, ...file }: HostFile): HostFile {
  return optional === undefined || NEEDED.test(file.path) ? file : { ...file, optional };
}
