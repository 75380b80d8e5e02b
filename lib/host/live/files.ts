import { isKernelForward, isNginxForward, type ResolvedForward } from '../../forward/resolved';
import { assetFiles, PACKAGE, PROGRAMS } from '../assets';
import type { HostFile } from '../host-file';

/** What a host with these forwards needs to apply changes while it runs. */
export function liveFiles(forwards: readonly ResolvedForward[]): readonly HostFile[] {
  return assetFiles(
    `${PROGRAMS}/live.py`,
    `${PROGRAMS}/portway-live.service`,
    `${PACKAGE}/aws.py`,
    `${PACKAGE}/content.py`,
    ...['cut', 'served'].map((module) => `${PACKAGE}/${module}.py`),
    ...(forwards.some(isKernelForward) ? [`${PACKAGE}/cut_flows.py`] : []),
    ...(forwards.some(isNginxForward) ? [`${PACKAGE}/cut_sockets.py`] : []),
    `${PACKAGE}/old_workers.py`,
    `${PACKAGE}/parts.py`,
    `${PACKAGE}/report.py`,
    ...['apply', 'certificate_copies', 'drift', 'fingerprint', 'history', 'pause', 'reconcile', 'rollback'].map(
      (module) => `${PACKAGE}/${module}.py`,
    ),
  );
}
