import type { GatewaySettings } from '../forward/gateway-settings';
import { assetFiles, PACKAGE, UNITS } from './assets';
import type { HostFile } from './host-file';

const MODULES = ['metrics', 'metrics_forwards', 'metrics_host', 'metrics_logs'];

/** What answers Prometheus; nothing if nobody asks. */
export function monitoringFiles({ prometheus }: GatewaySettings): readonly HostFile[] {
  if (prometheus === undefined) return [];
  const text = `${JSON.stringify({ port: prometheus.port })}\n`;
  return [
    { path: '/etc/portway/metrics.json', mode: '0644', text, origin: 'rules' },
    ...assetFiles(...MODULES.map((module) => `${PACKAGE}/${module}.py`), `${UNITS}/portway-metrics.service`),
  ];
}

/** Files that are only comfort elsewhere: which forwards there are, and what the kernel's ones carry. */
const NEEDED = /\/(forwards|traffic\.py|portway-traffic\.\w+)$/;

/** A file of a host with metrics, which the metrics may need. */
export function needed({ optional, ...file }: HostFile): HostFile {
  return optional === undefined || NEEDED.test(file.path) ? file : { ...file, optional };
}
