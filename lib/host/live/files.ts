import { assetFiles, PACKAGE, PROGRAMS } from '../assets';
import type { HostFile } from '../host-file';

/** What a host needs to apply changes while it runs. */
export function liveFiles(): readonly HostFile[] {
  return assetFiles(
    `${PROGRAMS}/live.py`,
    `${PROGRAMS}/portway-live.service`,
    `${PACKAGE}/aws.py`,
    `${PACKAGE}/content.py`,
    `${PACKAGE}/old_workers.py`,
    `${PACKAGE}/parts.py`,
    `${PACKAGE}/report.py`,
    ...['apply', 'certificate_copies', 'drift', 'fingerprint', 'history', 'pause', 'reconcile', 'rollback'].map(
      (module) => `${PACKAGE}/${module}.py`,
    ),
  );
}
