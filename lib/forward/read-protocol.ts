import { readForwardOptions } from '../kernel/options';
import type { Lists } from './lists';
import { forwardPath, type Problems } from './problems';
import { PROTOCOLS } from './protocol';
import type { Written } from './read-forwards';
import type { ProtocolForward } from './resolved';
import { readSourceLists } from './sources';
import { type Host, isHost, readHost } from './target';

/** Protocol numbers that `Forward.protocol` does not accept, and why. */
const OTHERS: Readonly<Record<number, string>> = {
  1: "ICMP is the gateway's own: see the stack's ping",
  2: 'IGMP does not leave its link',
  6: 'for TCP use Forward.tcp',
  17: 'for UDP use Forward.udp',
  58: "ICMPv6 is the gateway's own: see the stack's ping",
};

/** A forward of an IP protocol without ports. */
export function readProtocolForward(
  name: string,
  { props }: Written<'protocol'>,
  lists: Lists,
  problems: Problems,
): ProtocolForward | undefined {
  const at = forwardPath(name);
  const before = problems.length;
  if (props.engine !== undefined && props.engine !== 'iptables')
    problems.add(`${at}.engine`, 'must be iptables: nginx knows TCP and UDP alone', props.engine);
  const protocol = readProtocol(at, props.protocol, problems);
  const target = readProtocolTarget(at, props.to, problems);
  checkProtocolOfTarget(at, protocol, target, problems);
  const sources = readSourceLists(at, props, problems, lists);
  const hosts = target === undefined ? [] : [target];
  const options = readForwardOptions(at, props, { ...sources, hosts }, problems);
  if (protocol === undefined || target === undefined || problems.length > before) return undefined;
  return { name, kind: 'protocol', engine: 'iptables', protocol, target, ...sources, ...options };
}

/** The protocol's number. */
function readProtocol(at: string, value: unknown, problems: Problems): number | undefined {
  const named: Readonly<Record<string, number>> = PROTOCOLS;
  const number = typeof value === 'string' && Object.hasOwn(named, value) ? named[value] : value;
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 1 || number > 254) {
    const names = Object.keys(PROTOCOLS).join(', ');
    problems.add(`${at}.protocol`, `must be ${names} or an IP protocol's number of 1-254`, value);
    return undefined;
  }
  const other = OTHERS[number];
  if (other !== undefined) {
    problems.add(`${at}.protocol`, `must be one without ports: ${other}`, value);
    return undefined;
  }
  return number;
}

const SHAPE = 'must be the address of a host (10.0.1.20 or 2001:db8::20), without a port: the protocol has none';

/** The host that a protocol is forwarded to. The gateway itself needs no forward: it gets these packets anyway. */
function readProtocolTarget(at: string, value: unknown, problems: Problems): Host | undefined {
  const host = typeof value === 'string' ? readHost(value, SHAPE) : { rule: SHAPE };
  if (isHost(host) && host.kind !== 'name') return host;
  problems.add(`${at}.to`, isHost(host) ? SHAPE : host.rule, value);
  return undefined;
}

/**
 * In IPv6 these are extension headers. The kernel matches the protocol that follows them. @see RFC 8200, section 4.1
 */
const IPV6_HEADERS: readonly number[] = [43, 44, 51, 60];

/** ip6tables accepts a rule for such a header, but no packet ever matches it. */
function checkProtocolOfTarget(
  at: string,
  protocol: number | undefined,
  target: Host | undefined,
  problems: Problems,
): void {
  if (protocol !== undefined && target?.kind === 'ipv6' && IPV6_HEADERS.includes(protocol))
    problems.add(
      `${at}.protocol`,
      `must be none of the headers of IPv6 (${IPV6_HEADERS.join(', ')}), which the kernel looks past for a packet's protocol`,
      protocol,
    );
}
