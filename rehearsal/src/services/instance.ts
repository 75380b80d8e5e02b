import type { Architecture } from '../../../lib/host/operating-system';
import { macOf, VPC } from '../network/addresses';
import type { Ipv6Network } from '../network/ipv6';

/** What the EC2 API says about an instance, as far as the instance can ask for it. */
export interface InstanceDescription {
  instanceId: string;
  instanceType: string;
  privateIp: string;
  /** Its IPv6 address, with the ranges of VPC and subnet. Undefined: IPv4 only. */
  ipv6?: (Ipv6Network & { readonly address: string }) | undefined;
  /** Public key in OpenSSH format. Undefined: nobody can log in. */
  publicKey?: string | undefined;
  keyName?: string | undefined;
  httpTokens: 'required' | 'optional';
  /** How many routers an answer of the metadata service may pass. */
  hopLimit: number;
  /** Its tags, if the metadata service shows them. Undefined: it answers 404. */
  metadataTags?: Readonly<Record<string, string>> | undefined;
  amiId?: string | undefined;
  region?: string | undefined;
  zone?: string | undefined;
  accountId?: string | undefined;
}

/**
 * The keys of the instance's role. They identify the role, so that the endpoint can check its rights
 * (aws/ministack/host_rights.py).
 */
export function roleKeys(instanceId: string) {
  return {
    AccessKeyId: `ASIA${instanceId.slice(-16).toUpperCase()}`,
    SecretAccessKey: 'rehearsal',
    Token: 'rehearsal',
    Expiration: '2100-01-01T00:00:00Z',
  };
}

/**
 * What imds.py reads: the trees under meta-data/ and dynamic/, and whether a token is required.
 *
 * @param architecture that of the rehearsal's machine, whatever the template says: it runs the same scripts
 */
export function imdsDocument(instance: InstanceDescription, publicIp: string, architecture: Architecture): object {
  const { instanceId, instanceType, privateIp, publicKey, ipv6, metadataTags } = instance;
  const region = instance.region ?? 'eu-central-1';
  const zone = instance.zone ?? `${region}a`;
  const amiId = instance.amiId ?? 'ami-0123456789abcdef0';
  const accountId = instance.accountId ?? '123456789012';
  const credentials = { Code: 'Success', Type: 'AWS-HMAC', ...roleKeys(instanceId) };
  const mac = macOf(privateIp);
  const localName = `ip-${privateIp.replaceAll('.', '-')}.${region}.compute.internal`;
  const publicName = `ec2-${publicIp.replaceAll('.', '-')}.${region}.compute.amazonaws.com`;
  return {
    httpTokens: instance.httpTokens,
    metadata: {
      'ami-id': amiId,
      'ami-launch-index': '0',
      'ami-manifest-path': '(unknown)',
      'block-device-mapping': { ami: '/dev/xvda', root: '/dev/xvda' },
      hostname: localName,
      iam: { 'security-credentials': { gateway: JSON.stringify(credentials) } },
      'instance-action': 'none',
      'instance-id': instanceId,
      'instance-life-cycle': 'on-demand',
      'instance-type': instanceType,
      ...(ipv6 ? { ipv6: ipv6.address } : {}),
      'local-hostname': localName,
      'local-ipv4': privateIp,
      mac,
      network: {
        interfaces: {
          macs: {
            [mac]: {
              'device-number': '0',
              'interface-id': `eni-${instanceId.replace(/^i-/, '')}`,
              // Makes cloud-init ask for an IPv6 address.
              ...(ipv6 ? { ipv6s: ipv6.address } : {}),
              'local-hostname': localName,
              'local-ipv4s': privateIp,
              mac,
              'owner-id': accountId,
              'public-hostname': publicName,
              'public-ipv4s': publicIp,
              'subnet-ipv4-cidr-block': privateIp.replace(/\d+$/, '0/24'),
              ...(ipv6 ? { 'subnet-ipv6-cidr-blocks': ipv6.subnet } : {}),
              'vpc-ipv4-cidr-block': VPC.cidr,
              'vpc-ipv4-cidr-blocks': VPC.cidr,
              ...(ipv6 ? { 'vpc-ipv6-cidr-blocks': ipv6.vpc } : {}),
            },
          },
        },
      },
      placement: { 'availability-zone': zone, region },
      profile: 'default-hvm',
      'public-hostname': publicName,
      'public-ipv4': publicIp,
      ...(publicKey
        ? { 'public-keys': { [`0=${instance.keyName ?? 'rehearsal'}`]: { 'openssh-key': publicKey } } }
        : {}),
      'reservation-id': `r-${instanceId.replace(/^i-/, '')}`,
      services: { domain: 'amazonaws.com', partition: 'aws' },
      ...(metadataTags ? { tags: { instance: metadataTags } } : {}),
    },
    dynamic: {
      'instance-identity': {
        document: JSON.stringify({
          accountId,
          architecture,
          availabilityZone: zone,
          imageId: amiId,
          instanceId,
          instanceType,
          pendingTime: '2026-01-01T00:00:00Z',
          privateIp,
          region,
          version: '2017-09-30',
        }),
      },
    },
  };
}
