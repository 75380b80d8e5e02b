import { isKernelForward, isNginxForward, type ResolvedForward } from '../../forward/resolved';
import { assetFiles, PACKAGE, PROGRAMS } from '../assets';
import type { HostFile } from '../host-file';

const MODULES = [
  // Takes a content over while the host runs, and reports it.
  ...['content', 'outcome', 'report'],
  // Ends what a change excludes.
  ...['cut', 'served'],
  // Puts right what others change, and goes back by hand.
  ...['apply', 'drift', 'fingerprint', 'history', 'pause', 'reconcile', 'rollback'],
];
const OF_KERNEL = ['cut_flows', 'drift_rules'];
const OF_NGINX = ['certificate_copies', 'cut_sockets', 'drift_nginx', 'old_workers'];

/** What a host with these forwards needs, besides its boot's files, to apply changes while it runs. */
export function liveFiles(forwards: readonly ResolvedForward[]): readonly HostFile[] {
  return assetFiles(
    `${PROGRAMS}/live.py`,
    `${PROGRAMS}/portway-live.service`,
    ...MODULES.map((module) => `${PACKAGE}/${module}.py`),
    ...(forwards.some(isKernelForward) ? OF_KERNEL : []).map((module) => `${PACKAGE}/${module}.py`),
    ...(forwards.some(isNginxForward) ? OF_NGINX : []).map((module) => `${PACKAGE}/${module}.py`),
  );
}
