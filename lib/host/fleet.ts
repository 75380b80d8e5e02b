import { assetFiles, PACKAGE, PROGRAMS, UNITS } from './assets';
import type { HostFile } from './host-file';

/** The TCP port on which a fleet's balancer asks each host whether its forwards run. As kube-proxy's, which answers the same question. */
export const HEALTH_PORT = 10_256;

/** What a fleet's host needs besides: it answers the balancer, and reports its boot to its group. */
export function fleetFiles(): readonly HostFile[] {
  return [
    {
      path: `${UNITS}/portway-ready.socket.d/port.conf`,
      mode: '0644',
      // The balancer asks by IPv4.
      text: `[Socket]\nListenStream=0.0.0.0:${HEALTH_PORT}\n`,
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
