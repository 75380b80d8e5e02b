import type { GatewaySettings } from '../forward/gateway-settings';
import type { KernelForward } from '../forward/resolved';
import { FLOWS, renderFlows } from '../kernel/flow-offload';
import { assetFiles, PACKAGE, PROGRAMS } from './assets';
import type { HostFile } from './host-file';

/**
 * The flow table, and what loads it for the devices of the host; nothing if the host forwards nothing to others. A live host
 * without `flowOffload` has one script of it, which takes away what an earlier content has loaded.
 */
export function flowFiles(
  forwards: readonly KernelForward[],
  settings: GatewaySettings,
  { live }: { readonly live: boolean },
): readonly HostFile[] {
  const text = renderFlows(forwards, settings);
  if (text === undefined) return [];
  const script = assetFiles(`${PROGRAMS}/host.d/flows.sh`);
  if (!settings.flowOffload) return live ? script : [];
  return [
    { path: FLOWS.file, mode: '0644', text, origin: 'rules' },
    ...script,
    ...assetFiles(`${PACKAGE}/flows.py`, '/etc/udev/rules.d/90-portway-flows.rules'),
  ];
}
