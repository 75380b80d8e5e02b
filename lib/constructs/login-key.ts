import { createHash } from 'node:crypto';
import { Names, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { Problems } from '../forward/problems';
import { isToken } from '../forward/token';

/**
 * The key pair for logging in. Without one, port 22 is open to the admin but nobody can log in; the stack warns about
 * it.
 * @category Forwards and access
 */
export interface LoginKeyProps {
  /**
   * The name of an existing EC2 key pair.
   * @default none
   * @refused an empty name; together with `sshPublicKey`
   */
  readonly keyPairName?: string;
  /**
   * An OpenSSH public key, ed25519 or RSA (the line of a `.pub` file); the stack creates a key pair from it.
   * @default none
   * @refused other types of key; together with `keyPairName`
   */
  readonly sshPublicKey?: string;
}

/** Checks the key props. EC2 imports only ed25519 and RSA keys. */
export function checkLoginKey({ keyPairName, sshPublicKey }: LoginKeyProps, problems: Problems): void {
  if (keyPairName !== undefined && sshPublicKey !== undefined) {
    problems.add('sshPublicKey', 'must not be given together with keyPairName: the host takes one key', sshPublicKey);
  }
  if (keyPairName === '') problems.add('keyPairName', 'must not be empty; leave it out for none', keyPairName);
  else if (keyPairName !== undefined && !(typeof keyPairName === 'string' && /^[\x20-\x7e]{1,255}$/.test(keyPairName)))
    problems.add('keyPairName', 'must be the name of a key pair', keyPairName);
  if (
    sshPublicKey !== undefined &&
    !isToken(sshPublicKey) &&
    !(
      typeof sshPublicKey === 'string' &&
      /^ssh-(ed25519|rsa) [A-Za-z0-9+/]{60,}={0,3}( [\x20-\x7e]*)?$/.test(sshPublicKey)
    )
  ) {
    problems.add(
      'sshPublicKey',
      'must be one line of an OpenSSH public key, ssh-ed25519 or ssh-rsa (a .pub file)',
      sshPublicKey,
    );
  }
}

/** The key pair for the instance, or undefined for no login. */
export function loginKey(scope: Construct, { keyPairName, sshPublicKey }: LoginKeyProps): ec2.IKeyPair | undefined {
  if (keyPairName !== undefined) return ec2.KeyPair.fromKeyPairName(scope, 'KeyPair', keyPairName);
  if (sshPublicKey === undefined) return undefined;
  // CloudFormation creates the new pair before it deletes the old one, so a changed key needs a new name.
  const id = createHash('sha256')
    .update(JSON.stringify(Stack.of(scope).resolve(sshPublicKey)))
    .digest('hex')
    .slice(0, 8);
  const pair = new ec2.KeyPair(scope, 'KeyPair', {
    keyPairName: `${Names.uniqueResourceName(scope, { maxLength: 100, separator: '-' })}-${id}`,
    publicKeyMaterial: sshPublicKey,
  });
  // A changed tag would replace the key pair, which fails because its name is taken.
  (pair.node.defaultChild as ec2.CfnKeyPair).addPropertyDeletionOverride('Tags');
  return pair;
}
