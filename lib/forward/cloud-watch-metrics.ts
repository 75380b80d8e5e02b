import type { GatewaySettings } from './gateway-settings';
import {
  isHealthChecked,
  isHttpsForward,
  isKernelForward,
  isNginxForward,
  isWebForward,
  type ResolvedForward,
} from './resolved';

/** The namespace of the metrics. */
export const NAMESPACE = 'Portway';

/** Names of the metrics that a host sends to CloudWatch, each of which is charged for. The host's program fills them (assets: cloudwatch.py). */
export interface CloudWatchMetrics {
  /** Of the host, and of all forwards together. */
  readonly gateway: readonly string[];
  /** Of each forward, by its name. Empty at level `all`. */
  readonly forwards: Readonly<Record<string, readonly string[]>>;
}

/** What a host with these forwards sends; undefined without `monitoring.cloudWatch`. */
export function cloudWatchMetrics(
  forwards: readonly ResolvedForward[],
  { cloudWatch, protect }: GatewaySettings,
): CloudWatchMetrics | undefined {
  if (cloudWatch === undefined) return undefined;
  const { level } = cloudWatch;
  const when = (is: boolean, ...names: readonly string[]) => (is ? names : []);
  return {
    gateway: [
      ...carried(forwards),
      ...when(forwards.some(isHealthChecked), 'ForwardsWithoutTarget'),
      ...when(forwards.some(isHttpsForward), 'CertificateDays'),
      ...when(protect !== undefined, 'BlockedSources'),
      ...when(forwards.some(isKernelForward), 'ConntrackPercent'),
      ...['MemoryPercent', 'DiskPercent'],
    ],
    forwards:
      level === 'all'
        ? {}
        : Object.fromEntries(
            forwards.map((forward) => [
              forward.name,
              [
                ...carried([forward]),
                ...when(isHealthChecked(forward), 'HealthyTargets'),
                ...when(isHttpsForward(forward), 'CertificateDays'),
                ...when(level === 'percentiles' && isWebForward(forward), 'RequestTimeP50', 'RequestTimeP99'),
              ],
            ]),
          ),
  };
}

/** How many metrics that are. */
export function countMetrics({ gateway, forwards }: CloudWatchMetrics): number {
  return Object.values(forwards).reduce((sum, names) => sum + names.length, gateway.length);
}

/** Of what forwards carry. */
function carried(forwards: readonly ResolvedForward[]): readonly string[] {
  return [
    ...['Connections', 'Bytes'],
    ...(forwards.some(isWebForward) ? ['Requests', 'ClientErrors', 'ServerErrors'] : []),
    ...(forwards.some(isNginxForward) ? ['Refused'] : []),
  ];
}
