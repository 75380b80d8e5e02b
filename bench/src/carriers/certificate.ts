import { ADDRESS } from '../../../test/host/support/host';
import type { Ground } from '../lab/ground';

const FILE = '/etc/bench';

/**
 * Makes a certificate on a gateway, of the same kind for all contenders and the usual one today: ECDSA with P-256. As `.crt`, `.key`,
 * and `.pem` with both.
 * @returns the files' path without the ending
 */
export async function putCertificate(ground: Ground): Promise<string> {
  const name = `-subj /CN=bench -addext 'subjectAltName=DNS:bench,IP:${ADDRESS.gateway.v4}'`;
  const request = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 ${name}`;
  await ground.sh(
    'gateway',
    `${request} -keyout ${FILE}.key -out ${FILE}.crt\ncat ${FILE}.crt ${FILE}.key >${FILE}.pem`,
  );
  return FILE;
}
