import { excludeCidr, overlapCidr } from 'cidr-tools';
import { type Cidr, isEverything } from './cidr';
import { type MetadataUsers, readMetadataUsers } from './metadata-users';
import type { Problems } from './problems';
import { isPlainObject } from './read-object';
import { readSources } from './read-props';
import { readFlag } from './read-value';
import { isToken } from './token';

/**
 * What the host does besides its forwards, whatever their engines.
 * @category In the kernel
 */
export interface GatewaySettingsProps {
  /**
   * Source networks in CIDR notation whose packets are dropped before anything else, even on established connections.
   * Hundreds of networks cost no more than one.
   * @default none
   * @refused an empty list; everyone; a network that overlaps `adminCidr`
   */
  readonly blocked?: readonly string[];
  /**
   * Makes the gateway the way out to the internet for private networks, which then share its public address.
   * @default the gateway forwards only its forwards
   */
  readonly egress?: EgressProps;
  /**
   * Whether the gateway answers pings (ICMP echo requests). `true`: the security group lets them in from everyone.
   * `false`: the host answers nobody, not even in its own network.
   * @default none are let in; the host answers as its distribution does
   */
  readonly ping?: boolean;
  /**
   * Whether the gateway also has IPv6. The stack's own VPC becomes dual-stack; an existing VPC must be so already.
   * @default false
   * @category Network
   * @refused forwards that would lead one IP version nowhere
   * @see docs/options.md#ipv6
   */
  readonly ipv6?: boolean;
  /**
   * Accounts on the gateway, besides root, that may query the EC2 metadata service, and so use the rights of
   * `gateway.instance.role`. An account that does not exist when the host starts is skipped, with a warning in its
   * log. `'everyone'` leaves the service open to all.
   * @default root, and EC2 Instance Connect if the system has it
   * @refused an empty list; invalid account names
   * @see docs/options.md#the-metadata-service
   * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-limiting-access.html
   */
  readonly metadataUsers?: MetadataUsers;
}

/** Outbound internet access for private networks: the part that the kernel does. */
export interface EgressProps {
  /**
   * The private networks, in CIDR notation. Their packets to anywhere else are let in, let out, and sent with the
   * gateway's address.
   * @refused an empty list; everyone; IPv6 networks without `ipv6`
   */
  readonly from: readonly string[];
}

/** The checked settings. */
export interface GatewaySettings {
  readonly blocked: readonly Cidr[];
  /** Empty: no network goes out through the gateway. */
  readonly egress: readonly Cidr[];
  /** The part of `egress` that must not reach the gateway's port 22: everything outside the admin CIDR. */
  readonly loginClosedTo: readonly Cidr[];
  readonly ping?: boolean;
  readonly ipv6: boolean;
  readonly metadataUsers: MetadataUsers;
}

/** A gateway that only has forwards. */
export const NO_SETTINGS: GatewaySettings = {
  blocked: [],
  egress: [],
  loginClosedTo: [],
  ipv6: false,
  metadataUsers: [],
};

/** The settings from the props. `admin` is the network that must never be locked out. */
export function readGatewaySettings(
  props: GatewaySettingsProps,
  admin: Cidr | undefined,
  problems: Problems,
): GatewaySettings {
  const blocked = readSources('blocked', props.blocked, problems);
  for (const cidr of blocked) {
    if (isEverything(cidr)) problems.add('blocked', 'must not be everyone', cidr.text);
    else if (admin !== undefined && overlaps(cidr, admin))
      problems.add('blocked', `must leave adminCidr (${admin.text}) out, or nobody could log in`, cidr.text);
  }
  const egress = readEgress(props.egress, problems);
  for (const cidr of props.ipv6 === true ? [] : egress.filter((c) => c.family === 6 && !isEverything(c)))
    problems.add('egress.from', 'must be IPv4 while the gateway has no IPv6: add ipv6: true to the stack', cidr.text);
  const ping = readFlag('ping', props.ping, problems);
  const ipv6 = readFlag('ipv6', props.ipv6, problems) === true;
  const metadataUsers = readMetadataUsers(props.metadataUsers, problems);
  const loginClosedTo = problems.length > 0 ? [] : withoutAdmin(egress, admin);
  return {
    blocked,
    egress,
    loginClosedTo,
    ...(ping === undefined ? {} : { ping }),
    ipv6,
    metadataUsers,
  };
}

function readEgress(egress: unknown, problems: Problems): readonly Cidr[] {
  if (egress === undefined) return [];
  if (!isPlainObject(egress) || !('from' in egress) || egress.from === undefined) {
    problems.add('egress', "must say which networks go out, such as { from: ['10.0.0.0/16'] }", egress);
    return [];
  }
  const from = readSources('egress.from', egress.from, problems);
  for (const cidr of from.filter(isEverything))
    problems.add('egress.from', 'must not be everyone: name the private networks', cidr.text);
  return from;
}

/** Tokens are left out: synth cannot tell whether the admin is in them, and the admin must not be locked out. */
function withoutAdmin(networks: readonly Cidr[], admin: Cidr | undefined): readonly Cidr[] {
  if (admin === undefined || isToken(admin.text)) return [];
  const known = networks.map((c) => c.text).filter((text) => !isToken(text));
  return excludeCidr(known, admin.text).map((text): Cidr => ({ text, family: text.includes(':') ? 6 : 4 }));
}

function overlaps(a: Cidr, b: Cidr): boolean {
  return !isToken(a.text) && !isToken(b.text) && a.family === b.family && overlapCidr(a.text, b.text);
}
