import { isNginxForward, type ResolvedForward } from '../forward/resolved';
import { assetFiles } from './assets';
import type { HostFile } from './host-file';
import type { OperatingSystem } from './operating-system';

const CONFIGURATION = '/etc/apt/apt.conf.d/99portway';

/**
 * What keeps the host's packages current. Nothing on Amazon Linux, whose package manager stays at the release of its image: it gets updates from
 * a newer image.
 */
export function updatesPart(
  forwards: readonly ResolvedForward[],
  { packageManager }: OperatingSystem,
): readonly HostFile[] {
  if (packageManager !== 'apt' || !forwards.some(isNginxForward)) return [];
  return assetFiles(CONFIGURATION);
}
