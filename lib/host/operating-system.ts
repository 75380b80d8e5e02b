import type { NginxDialect } from '../nginx/dialect';

export type Architecture = 'arm64' | 'x86_64';

export const ARCHITECTURES: readonly Architecture[] = ['arm64', 'x86_64'];

export type OperatingSystemId = 'debian-13' | 'debian-12' | 'amazon-linux-2023' | 'ubuntu-24.04';

/** What differs between the supported distributions. */
export interface OperatingSystem {
  readonly title: string;
  /** The account that cloud-init installs the SSH key for. */
  readonly sshUser: string;
  /** Whether the distribution's images have the agent of Session Manager. */
  readonly hasSessionAgent: boolean;
  /**
   * The root volume's device name in the distribution's images. With a wrong name, EC2 would add a second, empty volume and leave the
   * root volume unencrypted.
   */
  readonly rootDevice: string;
  /** The public SSM parameter (of data type aws:ec2:image) that EC2 resolves to the newest image at launch. */
  readonly imageParameter: (architecture: Architecture) => string;
  readonly nginx: NginxDialect;
  readonly packageManager: 'apt' | 'dnf';
  /** Package names by purpose. */
  readonly packages: {
    readonly iptables: readonly string[];
    readonly nftables: readonly string[];
    readonly nginx: readonly string[];
    readonly stream: readonly string[];
    /** Creates self-signed certificates, and reads others. */
    readonly tls: readonly string[];
    /** Gets certificates from a CA. */
    readonly acme: readonly string[];
    /** Shows a CA records in Route 53. */
    readonly acmeDns: readonly string[];
    /** The root certificates for HTTPS. */
    readonly authorities: readonly string[];
  };
}

/** The architectures' names in Debian and Ubuntu. */
export const DEB_ARCHITECTURES: Readonly<Record<Architecture, string>> = { arm64: 'arm64', x86_64: 'amd64' };

const DEBIAN_PACKAGES = {
  iptables: ['iptables', 'conntrack'],
  nftables: ['nftables'],
  nginx: ['nginx'],
  stream: ['libnginx-mod-stream'],
  tls: ['openssl'],
  acme: ['certbot'],
  acmeDns: ['python3-certbot-dns-route53'],
  authorities: ['ca-certificates'],
};

function debian(release: number, nginx: Omit<NginxDialect, 'user'>): OperatingSystem {
  return {
    title: `Debian ${release}`,
    sshUser: 'admin',
    hasSessionAgent: false,
    rootDevice: '/dev/xvda',
    imageParameter: (architecture) =>
      `/aws/service/debian/release/${release}/latest/${DEB_ARCHITECTURES[architecture]}`,
    nginx: { user: 'www-data', ...nginx },
    packageManager: 'apt',
    packages: DEBIAN_PACKAGES,
  };
}

/**
 * The four supported distributions. The rehearsal boots Debian 13.
 * @see https://wiki.debian.org/Cloud/AmazonEC2Image
 * @see https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/
 * @see https://docs.aws.amazon.com/linux/al2023/ug/ec2.html
 */
export const OPERATING_SYSTEMS: Readonly<Record<OperatingSystemId, OperatingSystem>> = {
  'debian-13': debian(13, { http2: 'directive', http3: true }),
  'debian-12': debian(12, { http2: 'listen-parameter' }),
  'amazon-linux-2023': {
    title: 'Amazon Linux 2023',
    sshUser: 'ec2-user',
    hasSessionAgent: true,
    rootDevice: '/dev/xvda',
    imageParameter: (architecture) => `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${architecture}`,
    nginx: { user: 'nginx', http2: 'directive' },
    packageManager: 'dnf',
    packages: {
      iptables: ['iptables-nft', 'conntrack-tools'],
      nftables: ['nftables'],
      nginx: ['nginx'],
      stream: ['nginx-mod-stream'],
      tls: ['openssl'],
      acme: ['certbot'],
      acmeDns: ['python3-certbot-dns-route53'],
      authorities: ['ca-certificates'],
    },
  },
  'ubuntu-24.04': {
    title: 'Ubuntu 24.04',
    sshUser: 'ubuntu',
    hasSessionAgent: true,
    rootDevice: '/dev/sda1',
    imageParameter: (architecture) =>
      `/aws/service/canonical/ubuntu/server/24.04/stable/current/${DEB_ARCHITECTURES[architecture]}/hvm/ebs-gp3/ami-id`,
    nginx: { user: 'www-data', http2: 'listen-parameter' },
    packageManager: 'apt',
    packages: DEBIAN_PACKAGES,
  },
};
