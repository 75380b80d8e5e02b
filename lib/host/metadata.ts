import type { GatewaySettings } from '../forward/gateway-settings';
import { assetFiles, PROGRAMS, UNITS } from './assets';
import type { HostFile } from './host-file';

/** Restricts the EC2 metadata service to some accounts; nothing if it is open to everyone. */
export function metadataPart({ metadataUsers }: GatewaySettings): {
  readonly files: readonly HostFile[];
  readonly settings: Readonly<Record<string, string>>;
} {
  if (metadataUsers === 'everyone') return { files: [], settings: {} };
  return {
    files: assetFiles(`${PROGRAMS}/metadata.sh`, `${UNITS}/portway-metadata.service`),
    settings: metadataUsers.length === 0 ? {} : { PORTWAY_METADATA_USERS: metadataUsers.join(' ') },
  };
}
