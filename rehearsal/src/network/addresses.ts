import { REGION } from '../aws/settings';

/**
 * The lab's map. Addresses outside the VPC are from the ranges that are kept for documentation (RFC 5737, RFC 3849), so
 * none of them can be anybody's.
 */
export const INTERNET = {
  /** Who may reach only what is open to everyone. */
  stranger: { address: '198.51.100.10', gateway: '198.51.100.1', length: 24 },
  /** Who sits behind the admin CIDR. */
  admin: { address: '203.0.113.7', gateway: '203.0.113.1', length: 26 },
  /** The link between the internet and the VPC's router. */
  transit: { internet: '192.0.2.1', vpc: '192.0.2.2', length: 30 },
  /** The Debian repository that the gateway installs from. */
  packages: '192.0.2.10',
  /** The stand-in for S3 that takes CloudFormation's signals. */
  signal: '192.0.2.20',
  /** AWS's own services, as far as a host asks them. */
  aws: '192.0.2.30',
  /** Public addresses that instances get at launch, before an Elastic IP: this one and the following. */
  firstPublic: '203.0.113.200',
} as const;

/** The same parties where they speak IPv6. */
export const INTERNET6 = {
  /** All of the internet; a dual-stack VPC must lie elsewhere. */
  cidr: '2001:db8:ffff::/48',
  stranger: { address: '2001:db8:ffff:51::10', gateway: '2001:db8:ffff:51::1', length: 64 },
  admin: { address: '2001:db8:ffff:113::7', gateway: '2001:db8:ffff:113::1', length: 64 },
  transit: { internet: '2001:db8:ffff:2::1', vpc: '2001:db8:ffff:2::2', length: 64 },
} as const;

/** The VPC as the default stack makes it: one public subnet; the backends stand in another one. */
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

/** Where EC2 answers questions about an instance. */
export const IMDS = '169.254.169.254';

/** Names that the VPC's resolver knows, all others do not exist. */
export const NAMES = {
  'packages.rehearsal.internal': INTERNET.packages,
  'cloudformation-waitcondition.rehearsal.internal': INTERNET.signal,
  [`ssm.${REGION}.amazonaws.com`]: INTERNET.aws,
  [`cloudformation.${REGION}.amazonaws.com`]: INTERNET.aws,
  'backend-10.rehearsal.internal': VPC.backends[0],
  'backend-11.rehearsal.internal': VPC.backends[1],
} as const;

/** The MAC address of an instance: EC2's are locally administered too; the address in it makes it readable. */
export function macOf(privateIp: string): string {
  const bytes = privateIp.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return ['0a', '00', ...bytes].join(':');
}
