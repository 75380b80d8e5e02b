import type { GatewaySettings } from '../forward/gateway-settings';
import { isNginxForward, isWebForward, type ResolvedForward } from '../forward/resolved';
import { cachesOf } from '../http/cache';
import { renderHeads } from '../nginx/heads';
import { assetFile, assetFiles, PACKAGE } from './assets';
import { forwardsFile } from './forwards-file';
import type { HostFile } from './host-file';
import { toolFiles } from './tools';

/** What every host needs from the package: modules for the signal and for host.sh. */
const ALWAYS = ['__init__', 'commands', 'files', 'signals'].map((module) => `${PACKAGE}/${module}.py`);

/**
 * The program `portway`, with its commands `maintenance` and `cache` if a forward uses them. `status` is optional:
 * forwarding does not depend on it.
 */
export function commandFiles(forwards: readonly ResolvedForward[], settings: GatewaySettings): readonly HostFile[] {
  const limits = forwards.some((f) => 'limits' in f && f.limits !== undefined);
  const tools = [
    ...(forwards.some((f) => isWebForward(f) && f.maintenance) ? [`${PACKAGE}/maintenance.py`] : []),
    ...(cachesOf(forwards).length > 0 ? [`${PACKAGE}/cache.py`] : []),
    ...(limits || forwards.some(isNginxForward) ? [`${PACKAGE}/findings.py`] : []),
    ...(limits || renderHeads(forwards) !== undefined ? [`${PACKAGE}/kernel_findings.py`] : []),
  ];
  return [
    ...assetFiles('/usr/local/bin/portway', ...ALWAYS),
    ...toolFiles(forwards, settings),
    { ...assetFile(`${PACKAGE}/status.py`), optional: true },
    { ...forwardsFile(forwards), optional: true },
    ...assetFiles(...tools),
  ];
}
