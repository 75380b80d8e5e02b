import type { Tools } from '../../../rehearsal/src/apt';
import { TOOLS } from '../../../rehearsal/src/doctor';

/** What the host tests and the benchmark need: a Debian root, and namespaces to put it into. */
export const HOST_TOOLS: Tools = Object.fromEntries(
  Object.entries(TOOLS).filter(([tool]) =>
    ['ip', 'mmdebstrap', 'nft', 'nsenter', 'python3', 'unshare', 'the keys of Debian'].includes(tool),
  ),
);

/** Why network namespaces cannot be made here, or undefined. */
export function needsLinuxRoot(platform: string = process.platform, uid = process.getuid?.()): string | undefined {
  if (platform !== 'linux') return `needs Linux (network namespaces), got: ${platform}`;
  if (uid !== 0) return 'needs root (network namespaces): run `sudo npm test`';
  return undefined;
}
