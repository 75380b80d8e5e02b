import { join } from 'node:path';
import { call } from './network/namespaces';

/**
 * A temporary key pair for the admin, in the run's folder. @returns the file with the private key; the public one ends
 * in .pub
 */
export async function loginKey(folder: string): Promise<string> {
  const file = join(folder, 'admin-key');
  await call('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'rehearsal', '-f', file]);
  return file;
}
