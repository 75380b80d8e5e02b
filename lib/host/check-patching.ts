import type { Problems } from '../forward/problems';
import { type Patching, windowText } from '../kernel/patching';
import type { OperatingSystem } from './operating-system';

/** Rejects what has no meaning on a system that installs no updates by itself. */
export function checkPatching(
  { reboot, updatesOffBecause }: Patching,
  os: OperatingSystem | undefined,
  problems: Problems,
): void {
  if (os === undefined || os.packageManager === 'apt') return;
  const why = `must be left out on ${os.title}, which stays at the release of its image and installs no updates by itself`;
  if (reboot !== undefined)
    problems.add(
      'reboot',
      `${why}, so no reboot gets due. For newer packages replace the host: onChange 'replace' and another attempt`,
      windowText(reboot),
    );
  if (updatesOffBecause !== undefined) problems.add('securityUpdates', why, updatesOffBecause);
}
