import type { Party } from '../../../test/host/support/host';
import type { Ground } from './ground';

/** The application's files at `/bodies/NAME`: bytes by name. Random, so that compression gains nothing. */
export const BODIES = { '1k': 1_024, '1m': 1_048_576 } as const;

/** Puts the application's bodies where a web server on that side finds them. */
export async function makeBodies(ground: Ground, party: Party): Promise<void> {
  const files = Object.entries(BODIES).map(([name, bytes]) => `head -c ${bytes} /dev/urandom >/srv/bodies/${name}`);
  await ground.sh(party, ['mkdir -p /srv/bodies', ...files].join('\n'));
}
