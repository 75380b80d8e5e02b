import { assetFiles, PACKAGE, PROGRAMS, UNITS } from './assets';
import type { HostFile } from './host-file';

/** What a fleet's host needs besides: it answers on `healthPort`, and reports its boot to its group. Nothing without that port. */
export function fleetFiles(healthPort: number | undefined): readonly HostFile[] {
  if (healthPort === undefined) return [];
  return [
    {
      path: `${UNITS}/portway-ready.socket.d/port.conf`,
      mode: '0644',
      // The balancer asks by IPv4.
      text: `[Socket]\nListenStream=0.0.0.0:${healthPort}\n`,
      origin: 'rules',
    },
    ...assetFiles(
      `${UNITS}/portway-ready.socket`,
      `${UNITS}/portway-ready.service`,
      `${PROGRAMS}/host.d/ready.sh`,
      `${PACKAGE}/ready.py`,
      `${PACKAGE}/group.py`,
      `${PACKAGE}/behind.py`,
    ),
  ];
}
