import { isNginxForward, type ResolvedForward } from '../forward/resolved';
import { assetFile } from './assets';
import type { HostFile } from './host-file';
import type { OperatingSystem } from './operating-system';

/**
 * What lets newer packages replace nginx without loss. Optional, since without it they only do what the distribution does: they restart nginx.
 * Amazon Linux's own package replaces it without loss, and stays at the release of its image.
 */
export function updateFiles(
  forwards: readonly ResolvedForward[],
  { packageManager }: OperatingSystem,
): readonly HostFile[] {
  if (packageManager !== 'apt' || !forwards.some(isNginxForward)) return [];
  return [{ ...assetFile('/etc/apt/apt.conf.d/99portway'), optional: true }];
}
