import { checkServerIdentity, connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { PlannedCertificate } from '../../plan/plan';
import { type Place, settled } from './connect';

const DAY = 86_400_000;
/**
 * When so little of a certificate is left, its renewal has failed: 14 days, or a sixth of its time, as some live for six days
 * only. Clients of ACME renew when a third is left.
 */
const LEAST = { milliseconds: 14 * DAY, share: 1 / 6 };

/**
 * Shakes hands and looks at the certificate: its days, its names, and whether this machine's authorities vouch for it.
 *
 * @param name the name to ask for. Undefined: none
 * @param certificate where it comes from. Undefined: the host signed it itself
 * @returns what is wrong with it; undefined if nothing is
 */
export function certificateTrouble(
  place: Place,
  name: string | undefined,
  certificate: PlannedCertificate | undefined,
): Promise<string | undefined> {
  // troubleOf judges who vouches for it. The connection ends after the handshake, so nothing secret is sent.
  const socket = connect({ ...place, ...(name === undefined ? {} : { servername: name }), rejectUnauthorized: false });
  return settled(socket, 'secureConnect', () => troubleOf(socket, name, certificate)).then((trouble) =>
    trouble === undefined || trouble.startsWith('its certificate') ? trouble : `no TLS from here: ${trouble}`,
  );
}

function troubleOf(
  socket: TLSSocket,
  name: string | undefined,
  certificate: PlannedCertificate | undefined,
): string | undefined {
  const shown = socket.getPeerCertificate();
  const [from, to] = [Date.parse(shown.valid_from), Date.parse(shown.valid_to)];
  const left = to - Date.now();
  if (left < 0) return `its certificate ended on ${shown.valid_to}`;
  if (left < Math.min(LEAST.milliseconds, (to - from) * LEAST.share))
    return `its certificate ends in ${Math.floor(left / DAY)} days, on ${shown.valid_to}`;
  if (certificate === undefined) return undefined;
  const doubt = chainTrouble(`${socket.authorizationError ?? ''}`, shown, certificate);
  if (doubt !== undefined) return doubt;
  const wrong = name === undefined ? undefined : checkServerIdentity(name, shown);
  return wrong && `its certificate is for other names: ${shown.subjectaltname ?? 'none'}`;
}

/** An authority of a team's own is none of this machine's, so only what no authority does is wrong. */
function chainTrouble(error: string, shown: PeerCertificate, { source }: PlannedCertificate): string | undefined {
  if (source === 'acme' && /DEPTH_ZERO_SELF_SIGNED_CERT/.test(error))
    return 'its certificate is still the one that the host signed itself: `portway status` on the host tells why';
  const isPublic = shown.infoAccess?.['CA Issuers - URI'] !== undefined;
  if (isPublic && /UNABLE_TO_VERIFY_LEAF_SIGNATURE/.test(error))
    return 'its certificate comes without its chain: browsers may refuse it';
  return undefined;
}
