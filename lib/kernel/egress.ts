import { excludeCidr } from 'cidr-tools';
import { type Cidr, everyoneIn, mergeCidrs } from '../forward/cidr';
import { NO_LISTS, readSources } from '../forward/lists';
import type { Problems } from '../forward/problems';
import { isPlainObject } from '../forward/read-object';
import { isToken } from '../forward/token';
import { CHAINS } from '../iptables/chains';
import type { Table } from '../iptables/table';
import type { GatewayContext, GatewayOption, IptablesInput } from './feature';
import { clampSegmentSize } from './segment-size';

/** @category In the kernel */
export interface EgressOptionProps {
  /**
   * Makes the gateway the way out to the internet for private networks, which then share its public address.
   * @default the gateway forwards only its forwards
   */
  readonly egress?: EgressProps;
}

/** Outbound internet access for private networks: the part that the kernel does. */
export interface EgressProps {
  /**
   * The private networks, in CIDR notation. Their packets to anywhere else are let in, let out, and sent with the
   * gateway's address.
   * @refused an empty list; everyone, also as two halves; IPv6 networks without `ipv6`
   */
  readonly from: readonly string[];
}

export interface Egress {
  /** Empty: no network goes out through the gateway. */
  readonly egress: readonly Cidr[];
  /** The part of `egress` that must not reach the gateway's port 22: everything but the admin's network. */
  readonly loginClosedTo: readonly Cidr[];
}

declare module './values' {
  interface GatewayValues extends Egress {}
}

/**
 * `egress`, in nat and filter: private networks reach the internet under the gateway's address (dynamic NAT:
 * each connection gets one of its ports). Traffic between these networks is neither translated nor accepted.
 * Connections that are already translated belong to a forward.
 */
export const egress: GatewayOption<EgressOptionProps, Egress> = {
  on: 'gateway',
  props: { egress: true },
  read(_, props, problems, context) {
    const from = readEgress(props.egress, context, problems);
    return { egress: from, loginClosedTo: withoutAdmin(from, context) };
  },
  iptables: writeEgress,
};

function readEgress(egress: unknown, { ipv6 }: Pick<GatewayContext, 'ipv6'>, problems: Problems): readonly Cidr[] {
  if (egress === undefined) return [];
  if (!isPlainObject(egress) || !('from' in egress) || egress.from === undefined) {
    problems.add('egress', "must say which networks go out, such as { from: ['10.0.0.0/16'] }", egress);
    return [];
  }
  const from = readSources('egress.from', egress.from, NO_LISTS, problems);
  const everyone = everyoneIn(from);
  for (const cidr of everyone)
    problems.add('egress.from', 'must not be everyone: name the private networks', cidr.text);
  for (const cidr of from) {
    if (cidr.list !== undefined)
      problems.add('egress.from', 'must be private networks of your own, written here', cidr.list);
    else if (cidr.family === 6 && !ipv6 && !everyone.some((c) => c.family === 6))
      problems.add('egress.from', 'must be IPv4 while the gateway has no IPv6: add ipv6: true to the stack', cidr.text);
  }
  return from;
}

/** Tokens are left out: synth cannot tell whether the admin is in them, and the admin must not be locked out. */
function withoutAdmin(networks: readonly Cidr[], { admin, ssh }: GatewayContext): readonly Cidr[] {
  const isClosed = ssh === 'session-manager';
  if (!isClosed && (admin === undefined || isToken(admin.text))) return [];
  const known = networks.map((c) => c.text).filter((text) => !isToken(text));
  if (admin === undefined) return mergeCidrs(known.map(cidrOf));
  return excludeCidr(known, admin.text).map(cidrOf);
}

function cidrOf(text: string): Cidr {
  return { text, family: text.includes(':') ? 6 : 4 };
}

function writeEgress({ nat, filter, settings, family }: IptablesInput): void {
  const networks = mergeCidrs(settings.egress)
    .filter((c) => c.family === family)
    .map((c) => c.text);
  if (networks.length === 0) return;
  const add = (table: Table, match: string, jump: string) => table.addCommon(CHAINS.egress, match, jump);

  nat.hook('POSTROUTING', NOT_TRANSLATED, CHAINS.egress);
  nat.remark(CHAINS.egress, 'private networks share an address of the gateway, but not among themselves');
  for (const network of networks) add(nat, `-d ${network}`, '-j RETURN');
  for (const network of networks) add(nat, `-s ${network}`, '-j MASQUERADE');

  filter.hook('FORWARD', NOT_TRANSLATED, CHAINS.egress);
  const ways = networks.flatMap((network) => [`-s ${network}`, `-d ${network}`]);
  clampSegmentSize(filter, CHAINS.egress, ways);
  filter.remark(CHAINS.egress, 'private networks on their way out, and answers to them');
  for (const network of networks) {
    add(filter, `-d ${network} -m conntrack --ctstate RELATED,ESTABLISHED`, '-j ACCEPT');
    add(filter, `-d ${network}`, '-j RETURN');
  }
  for (const network of networks) add(filter, `-s ${network}`, '-j ACCEPT');
}

const NOT_TRANSLATED = '-m conntrack ! --ctstate DNAT';
