import { IMDS, INTERNET, macOf } from './addresses';
import { BALANCED, type BalancerPlacement, balancingRules, markingChain } from './balancer-rules';

/** One rule of a security group, as in the EC2 API. */
export interface FirewallRule {
  /** `tcp`, `udp`, `icmp`, `icmpv6`, a protocol number, or `-1` for every protocol. */
  protocol: string;
  /** First and last port; for ICMP its type and code. None for `-1`. EC2's `-1` stands for any. */
  fromPort?: number | undefined;
  toPort?: number | undefined;
  /** IPv4 and IPv6 ranges of the other side. */
  cidrs: readonly string[];
  /** Security groups of the other side, by id: the instances that are in them, and the balancer where it is. Default: none. */
  groups?: readonly string[] | undefined;
}

/** What an instance may receive and send: all of its groups together, as EC2 combines them. */
export interface SecurityRules {
  /** The ids of these groups. Default: unknown, and no rule of another group means them. */
  ids?: readonly string[] | undefined;
  ingress: readonly FirewallRule[];
  egress: readonly FirewallRule[];
}

/** One instance's place in the network. */
export interface Placement {
  privateIp: string;
  /** Its IPv6 address, the same inside and outside. Undefined: the instance has no IPv6. */
  ipv6?: string | undefined;
  /** False: it may send and receive packets for other addresses, as a NAT instance does. Default: true. */
  sourceDestCheck?: boolean | undefined;
  /** Its address on the internet: an Elastic IP, or the one given at launch. */
  publicIp: string;
  /** How many routers a metadata answer may pass. 1 keeps it on the instance itself. */
  hopLimit: number;
  rules: SecurityRules;
}

/**
 * The VPC's router as nftables text: 1:1 NAT between private and public addresses, security groups (stateful, in both
 * directions, dropping everything else), and EC2's check of source and destination. It replaces all previous rules in
 * one transaction.
 *
 * Amazon's own services (DHCP, DNS, IMDS) run on the router itself and pass none of these chains: security groups do
 * not filter them on EC2 either.
 */
export function routerRules(
  placements: readonly Placement[],
  imdsAnswers = true,
  balancer?: BalancerPlacement & { readonly rules: SecurityRules },
): string {
  const members: Members = { placements, balancer: balancer?.rules.ids ?? [] };
  return `table inet portway
delete table inet portway
table ip portway-nat
delete table ip portway-nat

table inet portway {
${placements.map(({ privateIp, rules }) => groupChains(privateIp, rules, members)).join('\n')}
${balancer === undefined ? '' : `${groupChains(BALANCER, balancer.rules, members)}\n${markingChain(balancer)}\n`}  chain forward {
    type filter hook forward priority filter; policy drop;
    iifname . oifname { "backends" . "internet", "internet" . "backends" } counter drop comment "a private subnet"
${placements.flatMap(ownAddresses).join('\n')}
    ct state established,related accept
    ct state invalid drop
${balancer === undefined ? '' : BALANCER_GROUPS}${groups(placements).join('\n')}
    accept
  }
  chain input {
    type filter hook input priority filter; policy accept;
${imdsAnswers ? '' : `    ip daddr ${IMDS} drop comment "the metadata service is out of order"\n`}  }
  chain output {
    type route hook output priority mangle;
${placements.map(({ privateIp, hopLimit }) => `    ip saddr ${IMDS} ip daddr ${privateIp} ip ttl set ${hopLimit}`).join('\n')}
  }
}

table ip portway-nat {
  chain prerouting {
    type nat hook prerouting priority dstnat;
${
  balancer === undefined
    ? ''
    : `${balancingRules(balancer)
        .map((rule) => `    ${rule}\n`)
        .join('')}`
}${placements.map(({ privateIp, publicIp }) => `    ip daddr ${publicIp} dnat to ${privateIp}`).join('\n')}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
${placements.map(({ privateIp, publicIp }) => `    oifname "internet" ip saddr ${privateIp} snat to ${publicIp}`).join('\n')}
    oifname "internet" ip saddr != ${INTERNET.transit.vpc} drop comment "no public address, no way out"
  }
}
`;
}

/** Who is in which security group. */
interface Members {
  readonly placements: readonly Placement[];
  /** The ids of the balancer's groups. */
  readonly balancer: readonly string[];
}

/** In place of an instance's address, in names of chains. */
const BALANCER = 'balancer';

/** @param owner an instance's address, or the balancer */
function groupChains(owner: string, rules: SecurityRules, members: Members): string {
  const block = (direction: 'ingress' | 'egress') => {
    const side = direction === 'ingress' ? 'saddr' : 'daddr';
    const lines = rules[direction].flatMap((rule) => [...ruleLines(rule, side), ...memberLines(rule, side, members)]);
    return `  chain ${chain(direction, owner)} {
${lines.map((line) => `    ${line} counter return`).join('\n')}
    counter drop
  }`;
  };
  return `${block('ingress')}\n${block('egress')}`;
}

/** A client's packets pass the balancer's groups in and out, its own questions out alone; then come those of the host. */
const BALANCER_GROUPS = `    iifname "internet" ct mark ${BALANCED} jump ingress_${BALANCER}
    ct mark ${BALANCED} jump egress_${BALANCER}
`;

/**
 * EC2's check of source and destination: an instance may only send from and receive for its own addresses. The network
 * card identifies the sender, and the route the receiver: a NAT instance handles packets of others.
 */
function ownAddresses({ privateIp, ipv6, sourceDestCheck }: Placement): string[] {
  if (sourceDestCheck === false) return [];
  const check = (match: string) => `    ${match} counter drop comment "source and destination check"`;
  return [
    check(`iifname "vpc" ether saddr ${macOf(privateIp)} ip saddr != ${privateIp}`),
    check(`oifname "vpc" rt ip nexthop ${privateIp} ip daddr != ${privateIp}`),
    ...(ipv6 === undefined
      ? [check(`iifname "vpc" ether saddr ${macOf(privateIp)} meta nfproto ipv6`)]
      : [
          check(`iifname "vpc" ether saddr ${macOf(privateIp)} ip6 saddr != ${ipv6}`),
          check(`oifname "vpc" rt ip6 nexthop ${ipv6} ip6 daddr != ${ipv6}`),
        ]),
  ];
}

/** The groups of the sending or receiving instance. An address that the lab does not know is no instance. */
function groups(placements: readonly Placement[]): string[] {
  const sixes = placements.flatMap(({ ipv6 }) => ipv6 ?? []);
  const jump = (match: string, direction: 'ingress' | 'egress', privateIp: string) =>
    `    ${match} jump ${chain(direction, privateIp)}`;
  /** All other addresses of an IP version. A set must not be empty. */
  const others = (key: string, known: string[], family: string) =>
    `${known.length > 0 ? `${key} != { ${known.join(', ')} }` : family} counter drop comment "no such instance"`;
  return [
    ...placements.map((p) => jump(`iifname "vpc" ether saddr ${macOf(p.privateIp)}`, 'egress', p.privateIp)),
    ...placements.map((p) => jump(`oifname "vpc" rt ip nexthop ${p.privateIp}`, 'ingress', p.privateIp)),
    ...placements.flatMap(({ ipv6, privateIp }) =>
      ipv6 === undefined ? [] : [jump(`oifname "vpc" rt ip6 nexthop ${ipv6}`, 'ingress', privateIp)],
    ),
    `    iifname "vpc" ${others(
      'ether saddr',
      placements.map((p) => macOf(p.privateIp)),
      'meta nfproto { ipv4, ipv6 }',
    )}`,
    `    oifname "vpc" ${others(
      'rt ip nexthop',
      placements.map((p) => p.privateIp),
      'meta nfproto ipv4',
    )}`,
    `    oifname "vpc" ${others('rt ip6 nexthop', sixes, 'meta nfproto ipv6')}`,
  ];
}

/** A chain for each direction and instance. */
function chain(direction: 'ingress' | 'egress', privateIp: string): string {
  return `${direction}_${privateIp.replaceAll('.', '_')}`;
}

function ruleLines(rule: FirewallRule, side: 'saddr' | 'daddr'): string[] {
  return rule.cidrs.map((cidr) => {
    const family = cidr.includes(':') ? 'ip6' : 'ip';
    return [`${family} ${side} ${cidr}`, ...protocolMatch(rule)].join(' ');
  });
}

/**
 * The members of the groups that a rule names. What comes by way of the balancer carries its client's address, so it is known by
 * its mark.
 */
function memberLines(rule: FirewallRule, side: 'saddr' | 'daddr', { placements, balancer }: Members): string[] {
  return (rule.groups ?? []).flatMap((group) => {
    const addresses = placements.filter(({ rules }) => rules.ids?.includes(group)).map(({ privateIp }) => privateIp);
    const matches = [
      ...addresses.map((address) => `ip ${side} ${address}`),
      ...(side === 'saddr' && balancer.includes(group) ? [`ct mark ${BALANCED}`] : []),
    ];
    return matches.map((match) => [match, ...protocolMatch(rule)].join(' '));
  });
}

/** The protocols that have ports, by name and by number. */
const PORT_PROTOCOLS: Record<string, string> = { tcp: 'tcp', 6: 'tcp', udp: 'udp', 17: 'udp' };

function protocolMatch({ protocol, fromPort, toPort }: FirewallRule): string[] {
  if (protocol === '-1' || protocol === 'all') return [];
  const name = PORT_PROTOCOLS[protocol];
  if (name) {
    if (fromPort === undefined || fromPort === -1) return [`meta l4proto ${name}`];
    return [`${name} dport ${fromPort}-${toPort ?? fromPort}`];
  }
  if (protocol === 'icmp' || protocol === 'icmpv6') {
    const match = [`meta l4proto ${protocol === 'icmp' ? 'icmp' : 'ipv6-icmp'}`];
    return fromPort === undefined || fromPort === -1 ? match : [...match, `${protocol} type ${fromPort}`];
  }
  if (/^\d+$/.test(protocol)) return [`meta l4proto ${protocol}`];
  throw new Error(
    `a security group's rule must name tcp, udp, icmp, icmpv6, a number or -1, got protocol: ${protocol}`,
  );
}
