import { createHash } from 'node:crypto';
import { Names, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { Problems } from '../forward/problems';
import { isToken } from '../forward/token';

export interface LoginKeyProps {
  /**
   * Name of an EC2 key pair that is already there.
   * @default none
   */
  readonly keyPairName?: string;
  /**
   * An OpenSSH public key, ed25519 or RSA (`ssh-ed25519 AAAA... comment`); the stack makes a key pair of it.
   * @default none
   */
  readonly sshPublicKey?: string;
}

/** Checks what was given; EC2 imports ed25519 and RSA keys only. */
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

/** The key pair for the instance, or undefined when nobody is to log in. */
export function loginKey(scope: Construct, { keyPairName, sshPublicKey }: LoginKeyProps): ec2.IKeyPair | undefined {
  if (keyPairName !== undefined) return ec2.KeyPair.fromKeyPairName(scope, 'KeyPair', keyPairName);
  if (sshPublicKey === undefined) return undefined;
  // CloudFormation makes the new pair before it deletes the old one, so another key needs another name.
  const id = createHash('sha256')
    .update(JSON.stringify(Stack.of(scope).resolve(sshPublicKey)))
    .digest('hex')
    .slice(0, 8);
  const pair = new ec2.KeyPair(scope, 'KeyPair', {
    keyPairName: `${Names.uniqueResourceName(scope, { maxLength: 100, separator: '-' })}-${id}`,
    publicKeyMaterial: sshPublicKey,
  });
  // A tag on a key pair cannot be changed: CloudFormation would replace the pair, and its name is taken.
  (pair.node.defaultChild as ec2.CfnKeyPair).addPropertyDeletionOverride('Tags');
  return pair;
}
