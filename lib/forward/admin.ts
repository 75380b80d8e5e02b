import { type Cidr, isCidr, isEverything, readCidr } from './cidr';
import type { Problems } from './problems';
import { readOneOf } from './read-value';

/** How people log in: to port 22 from `adminCidr`, through an endpoint in the VPC, or through an agent on the host. */
export const SSH_WAYS = ['direct', 'endpoint', 'session-manager'] as const;

export type SshWay = (typeof SSH_WAYS)[number];

/** How people log in. */
export interface Login {
  readonly way: SshWay;
  /** `adminCidr`. Undefined: it is not valid, or the way needs none. */
  readonly admin: Cidr | undefined;
}

/** Reads `ssh` and `adminCidr`, which belong together: only the direct way has a network that may reach port 22. */
export function readLogin(
  { ssh, adminCidr }: { readonly ssh?: unknown; readonly adminCidr?: unknown },
  problems: Problems,
): Login {
  const way = readOneOf('ssh', ssh, SSH_WAYS, problems) ?? 'direct';
  if (way === 'direct') return { way, admin: readAdminCidr(adminCidr, problems) };
  if (adminCidr !== undefined && adminCidr !== '')
    problems.add(
      'adminCidr',
      `must be left out with ssh: '${way}', which opens port 22 to no network; or set ssh to 'direct'`,
      adminCidr,
    );
  return { way, admin: undefined };
}

/**
 * The admin CIDR: the only source that may reach port 22. There is no default, since any default would be somebody
 * else's address. A `/0` is an error, since people ignore warnings about it.
 */
export function readAdminCidr(value: unknown, problems: Problems): Cidr | undefined {
  if (value === undefined || value === null || value === '') {
    problems.add('adminCidr', 'is required: the address that may reach port 22, such as -c adminCidr=203.0.113.7/32');
    return undefined;
  }
  const cidr = readCidr(value);
  if (!isCidr(cidr)) {
    problems.add('adminCidr', cidr.rule, value);
    return undefined;
  }
  if (isEverything(cidr)) {
    problems.add('adminCidr', 'must not be everyone: name the address or network that you log in from', value);
    return undefined;
  }
  return cidr;
}
