import { join } from 'node:path';
import { call } from './network/namespaces';

/** A throw-away key pair for the admin, in the run's folder. @returns the file of its private half; the other ends in .pub */
export async function loginKey(folder: string): Promise<string> {
  const file = join(folder, 'admin-key');
  await call('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'rehearsal', '-f', file]);
  return file;
}
