import { isWebForward, type ResolvedForward } from '../forward/resolved';
import { cachesOf } from '../http/cache';
import { assetFile, assetFiles, PROGRAMS } from './assets';
import { forwardsFile } from './forwards-file';
import type { HostFile } from './host-file';

/** The command `portway`: `status` on every host, `maintenance` and `cache` where a forward has them. Optional: forwarding needs no status. */
export function commandFiles(forwards: readonly ResolvedForward[]): readonly HostFile[] {
  const tools = [
    ...(forwards.some((f) => isWebForward(f) && f.maintenance) ? [`${PROGRAMS}/maintenance.py`] : []),
    ...(cachesOf(forwards).length > 0 ? [`${PROGRAMS}/cache.py`] : []),
  ];
  return [
    { ...assetFile('/usr/local/bin/portway'), optional: tools.length === 0 },
    { ...assetFile(`${PROGRAMS}/status.py`), optional: true },
    { ...forwardsFile(forwards), optional: true },
    ...assetFiles(...tools),
  ];
}
