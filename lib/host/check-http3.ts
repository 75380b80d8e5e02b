import { forwardPath, type Problems } from '../forward/problems';
import { isHttpsForward, type ResolvedForward } from '../forward/resolved';
import type { OperatingSystem } from './operating-system';

/** Rejects HTTP/3 where the distribution's nginx is not known to support it: nginx would not start. */
export function checkHttp3(
  forwards: readonly ResolvedForward[],
  os: OperatingSystem | undefined,
  problems: Problems,
): void {
  if (os === undefined || os.nginx.http3) return;
  for (const forward of forwards.filter(isHttpsForward).filter((f) => f.http3))
    problems.add(
      `${forwardPath(forward.name)}.http3`,
      `must be left out on ${os.title}, whose nginx is not known to be built with it: os 'debian-13' has it`,
      true,
    );
}
