import { type Block, block } from './block';

/**
 * What counts as one client: an IPv4 address, or the /64 that an IPv6 client has at least. The same in http and stream.
 */
export const CLIENT_KEY = '$portway_client';

/** Uses the address's bytes, since one IPv6 address can be written in many ways. */
export function clientKey(): Block {
  return block(`map $binary_remote_addr ${CLIENT_KEY}`, [
    '"~^(?<net64>[\\x00-\\xff]{8})[\\x00-\\xff]{8}$" $net64;  # an IPv6 client has a /64 of addresses',
    'default $binary_remote_addr;',
  ]);
}
