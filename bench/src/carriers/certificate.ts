import { ADDRESS } from '../../../test/host/support/host';
import type { Ground } from '../lab/ground';

interface Certificate {
  readonly certificate: string;
  readonly key: string;
  /** Certificate and key, one after the other. */
  readonly both: string;
}

const FILE = '/etc/bench';
let made: Promise<Certificate> | undefined;

/** The same certificate for all contenders, of the usual kind today: ECDSA with P-256. Made once for each run. */
export function certificate(ground: Ground): Promise<Certificate> {
  made ??= make(ground);
  return made;
}

async function make(ground: Ground): Promise<Certificate> {
  const name = `-subj /CN=bench -addext 'subjectAltName=DNS:bench,IP:${ADDRESS.gateway.v4}'`;
  const request = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 ${name}`;
  await ground.sh('gateway', `${request} -keyout /run/made.key -out /run/made.crt`);
  const [crt, key] = await Promise.all(['crt', 'key'].map((end) => ground.sh('gateway', `cat /run/made.${end}`)));
  return { certificate: `${crt}`, key: `${key}`, both: `${crt}${key}` };
}

/** Puts it on a gateway, as `.crt`, `.key`, and `.pem` with both. @returns the files' path without the ending */
export async function putCertificate(ground: Ground): Promise<string> {
  const { certificate: crt, key, both: pem } = await certificate(ground);
  for (const [end, text] of Object.entries({ crt, key, pem })) await ground.put('gateway', `${FILE}.${end}`, text);
  return FILE;
}
