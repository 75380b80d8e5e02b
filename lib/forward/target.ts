import { isIP } from 'node:net';
import { containsCidr } from 'cidr-tools';
import type { Known } from './known';
import { formatPorts, type PortRange, type PortSpec, parsePorts } from './ports';
import { isToken } from './token';

/**
 * What a user may write for a target: a port on the gateway itself (`8080`), or `host:port` elsewhere
 * (`'10.0.1.20:27015'`, `'[2001:db8::20]:27015'`, `'app.internal:8080'`). Ports may be ranges (`'10.0.1.20:6000-6100'`).
 */
export type TargetSpec = PortSpec;

/**
 * One of several targets, with its share.
 * @category Ports and targets
 */
export interface WeightedTarget {
  /** A port on the gateway itself (`8080`) or `host:port`. */
  readonly to: TargetSpec;
  /**
   * Its share of new connections (HTTP: requests) relative to the other targets' weights (1-1000).
   * @default 1
   */
  readonly weight?: number;
  /**
   * Whether it stands by and gets connections only while all other targets fail; nginx only.
   * @default false
   * @refused iptables; on every target; with `'source'` or `'cookie'`; UDP without `responses`
   */
  readonly backup?: boolean;
}

export const WEIGHTED_TARGET = { to: true, weight: true, backup: true } satisfies Known<WeightedTarget>;

/** Where a forward leads. */
export interface Target extends Host {
  readonly ports: PortRange;
  readonly weight: number;
  /** Used only while all other targets fail. */
  readonly backup?: true;
}

/** A host that a forward leads to. */
export interface Host {
  /** Address or name; undefined is the gateway itself. */
  readonly host?: string;
  /** What `host` is; a token counts as an IPv4 address. */
  readonly kind: 'local' | 'ipv4' | 'ipv6' | 'name';
}

const SHAPE = 'must be a port (8080) or host:port (10.0.1.20:8080, [2001:db8::20]:8080, app.internal:8080)';
const NAME = /^(?=.{1,253}$)(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*\.?$/i;

/** A target from user input, or the rule that it breaks. */
export function readTarget(spec: unknown): Target | { readonly rule: string } {
  if (typeof spec !== 'string' && typeof spec !== 'number') return { rule: SHAPE };
  const { host: address, port } = split(String(spec));
  const ports = parsePorts(port);
  if (ports === undefined)
    return { rule: address === undefined ? SHAPE : 'must have a port of 1-65535 after the last colon' };
  if (address === undefined) return { kind: 'local', ports, weight: 1 };
  const host = readHost(address, SHAPE);
  return isHost(host) ? { ...host, ports, weight: 1 } : host;
}

/** A host from its address or name, or the rule that it breaks. `shape` is the rule for anything that is neither. */
export function readHost(host: string, shape: string): Host | { readonly rule: string } {
  if (isToken(host)) return { host, kind: 'ipv4' };
  const family = isIP(host);
  if (family === 0) {
    // A name of only digits and dots is a mistyped address: no top-level domain is a number (RFC 3696, section 2).
    if (!NAME.test(host) || /^[\d.]+$/.test(host)) return { rule: shape };
    return host.toLowerCase() === 'localhost' ? { rule: LOOPBACK } : { host, kind: 'name' };
  }
  const rule = unreachable(host);
  return rule === undefined ? { host, kind: family === 4 ? 'ipv4' : 'ipv6' } : { rule };
}

export function isTarget(value: Target | { readonly rule: string }): value is Target {
  return 'kind' in value;
}

export function isHost(value: Host | { readonly rule: string }): value is Host {
  return 'kind' in value;
}

/** `host:port` in the usual notation, with an IPv6 address in brackets. */
export function formatTarget(target: Target): string {
  const ports = formatPorts(target.ports);
  return target.host === undefined ? ports : `${formatHost(target)}:${ports}`;
}

/** The host in front of a colon and a port: an IPv6 address in brackets, the gateway itself as an empty string. */
export function formatHost({ kind, host = '' }: Host): string {
  return kind === 'ipv6' ? `[${host}]` : host;
}

function split(spec: string): { host?: string; port: string } {
  const bracketed = /^\[([^\]]*)\]:(.*)$/.exec(spec);
  if (bracketed !== null) return { host: bracketed[1] ?? '', port: bracketed[2] ?? '' };
  const colon = spec.lastIndexOf(':');
  if (colon < 0) return { port: spec };
  return { host: spec.slice(0, colon), port: spec.slice(colon + 1) };
}

const LOOPBACK = 'must not be a loopback address: for the gateway itself write the port alone (8080)';

/** Addresses that cannot be targets, each for its own reason. */
const UNREACHABLE: readonly (readonly [cidr: string, rule: string])[] = [
  ['127.0.0.0/8', LOOPBACK],
  ['::1/128', LOOPBACK],
  ['0.0.0.0/8', 'must not be the unspecified address'],
  ['::/128', 'must not be the unspecified address'],
  // Forwarding to the instance metadata service would hand the host's credentials to every client.
  ['169.254.0.0/16', 'must not be a link-local address (the instance metadata service is one)'],
  ['fe80::/10', 'must not be a link-local address'],
  ['fd00:ec2::/32', 'must not be an address of the AWS instance services (the instance metadata service is one)'],
  ['224.0.0.0/4', 'must not be a multicast address'],
  ['ff00::/8', 'must not be a multicast address'],
  ['255.255.255.255/32', 'must not be the broadcast address'],
];

function unreachable(address: string): string | undefined {
  if (address.includes('%')) return 'must not have a zone (%)';
  if (/^::ffff:/i.test(address)) return 'must be written as the IPv4 address it holds';
  const family = isIP(address);
  return UNREACHABLE.find(([cidr]) => isIP(cidr.split('/')[0] ?? '') === family && containsCidr(cidr, address))?.[1];
}
