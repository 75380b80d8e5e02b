import { cachesOf } from '../forward/read-cache';
import { isPortForward, type ResolvedForward } from '../forward/resolved';
import { assetFile } from './assets';
import { forwardsFile } from './forwards-file';
import type { HostFile } from './host-file';

const FOLDER = '/usr/local/lib/portway';
const COMMAND = '/usr/local/bin/portway';

/** The host's `portway` command: the status program, or a wrapper if there are more subcommands. */
export function commandFiles(forwards: readonly ResolvedForward[]): readonly HostFile[] {
  const tools = [
    ...(forwards.some((f) => isPortForward(f) && f.maintenance) ? ['maintenance.py'] : []),
    ...(cachesOf(forwards).length > 0 ? ['cache.py'] : []),
  ];
  if (tools.length === 0) return statusFiles(COMMAND, forwards);
  return [
    assetFile('command.sh', COMMAND, '0755'),
    ...statusFiles(`${FOLDER}/status.py`, forwards),
    ...tools.map((name) => assetFile(name, `${FOLDER}/${name}`, '0755')),
  ];
}

/** The status program and its data. Optional: forwarding does not depend on them. */
function statusFiles(path: string, forwards: readonly ResolvedForward[]): readonly HostFile[] {
  return [assetFile('status.py', path, '0755'), forwardsFile(forwards)].map((file) => ({ ...file, optional: true }));
}
