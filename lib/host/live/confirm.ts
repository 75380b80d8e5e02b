import { type Confirmed, describeConfirmed } from '../../forward/confirm';
import { assetFiles, PACKAGE, PROGRAMS } from '../assets';
import type { HostFile } from '../host-file';

/** What a host needs to take a change back after which these forwards no longer answer. Nothing without any. */
export function confirmFiles(confirmed: readonly Confirmed[]): readonly HostFile[] {
  if (confirmed.length === 0) return [];
  const lines = confirmed.map(
    (one) => `${JSON.stringify(one.forward.name)}: ${JSON.stringify(describeConfirmed(one))}`,
  );
  return [
    { path: '/etc/portway/confirm.json', mode: '0644', text: `{\n${lines.join(',\n')}\n}\n`, origin: 'rules' },
    ...assetFiles(`${PROGRAMS}/host.d/confirm.sh`, `${PACKAGE}/confirm.py`),
  ];
}
