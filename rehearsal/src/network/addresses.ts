import { REGION } from '../aws/settings';

/**
 * The lab's map. Addresses outside the VPC are from ranges reserved for documentation (RFC 5737, RFC 3849), so they
 * belong to nobody.
 */
export const INTERNET = {
  /** Can reach only what is open to everyone. */
  stranger: { address: '198.51.100.10', gateway: '198.51.100.1', length: 24 },
  /** Is in the admin CIDR. */
  admin: { address: '203.0.113.7', gateway: '203.0.113.1', length: 26 },
  /** The link between the internet and the VPC's router. */
  transit: { internet: '192.0.2.1', vpc: '192.0.2.2', length: 30 },
  /** The Debian repository that the gateway installs from. */
  packages: '192.0.2.10',
  /** The stand-in for S3 that takes CloudFormation's signals. */
  signal: '192.0.2.20',
  /** The AWS services that a host calls. */
  aws: '192.0.2.30',
  /** The first public address that an instance gets at launch, before an Elastic IP; others follow it. */
  firstPublic: '203.0.113.200',
} as const;

/** The same parties on IPv6. */
export const INTERNET6 = {
  /** All of the internet. A dual-stack VPC must be outside this range. */
  cidr: '2001:db8:ffff::/48',
  stranger: { address: '2001:db8:ffff:51::10', gateway: '2001:db8:ffff:51::1', length: 64 },
  admin: { address: '2001:db8:ffff:113::7', gateway: '2001:db8:ffff:113::1', length: 64 },
  transit: { internet: '2001:db8:ffff:2::1', vpc: '2001:db8:ffff:2::2', length: 64 },
} as const;

/** The VPC as the default stack creates it, with one public subnet. The backends are in another one. */
export const VPC = {
  cidr: '10.0.0.0/16',
  subnet: '10.0.0.0/24',
  router: '10.0.0.1',
  /** Amazon's resolver: the VPC's base address plus two. */
  resolver: '10.0.0.2',
  backendSubnet: '10.0.1.0/24',
  backendRouter: '10.0.1.1',
  backends: ['10.0.1.10', '10.0.1.11'],
} as const;

/**
 * The public subnet of a zone, counted from 0, as the stack numbers them. The backends are in the place of the second one, so a lab
 * with several zones has no backends.
 */
export function subnetOf(zone: number): { readonly cidr: string; readonly router: string } {
  return { cidr: `10.0.${zone}.0/24`, router: `10.0.${zone}.1` };
}

/** The address of EC2's metadata service. */
export const IMDS = '169.254.169.254';

/** The names that the VPC's resolver knows. No other names exist. */
export const NAMES = {
  'packages.rehearsal.internal': INTERNET.packages,
  'cloudformation-waitcondition.rehearsal.internal': INTERNET.signal,
  [`ssm.${REGION}.amazonaws.com`]: INTERNET.aws,
  [`cloudformation.${REGION}.amazonaws.com`]: INTERNET.aws,
  [`logs.${REGION}.amazonaws.com`]: INTERNET.aws,
  'backend-10.rehearsal.internal': VPC.backends[0],
  'backend-11.rehearsal.internal': VPC.backends[1],
} as const;

/**
 * The MAC address of an instance. EC2's are locally administered too. It contains the IP address, which makes it
 * readable.
 */
export function macOf(privateIp: string): string {
  const bytes = privateIp.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return ['0a', '00', ...bytes].join(':');
}
