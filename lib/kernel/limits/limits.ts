import { limitReader, PER_FLEET, type PerFleetProps } from '../../forward/per-fleet';
import type { Problems } from '../../forward/problems';
import { readObject } from '../../forward/read-object';

/**
 * What one client may do; a client is an IPv4 address or an IPv6 /64. Connections over a limit reach no target:
 * iptables drops them, nginx closes them.
 */
export interface ForwardLimits extends PerFleetProps {
  /**
   * New connections (UDP: flows) per second (1-10000); iptables only.
   * @default no limit
   */
  readonly newConnectionsPerSecond?: number;
  /**
   * How many new connections may arrive at once before `newConnectionsPerSecond` applies (1-10000); iptables only.
   * @default five seconds' worth, but at least 5
   * @refused without `newConnectionsPerSecond`
   */
  readonly burst?: number;
  /**
   * How many connections may be open at once (1-65535).
   * @default no limit
   */
  readonly openConnections?: number;
}

/** The checked limits, at least one of which is set: those of one host. */
export interface ResolvedLimits {
  /** Whether they are a host's share of a fleet's. */
  readonly perFleet?: true;
  readonly rate?: { readonly perSecond: number; readonly burst: number };
  readonly openConnections?: number;
}

/** The names of the props, for messages about a prop in the wrong place. */
export const LIMITS = {
  newConnectionsPerSecond: true,
  burst: true,
  openConnections: true,
  ...PER_FLEET,
} as const satisfies Record<keyof ForwardLimits, true>;

/** The kernel's table of clients cannot distinguish rates above ten thousand. */
const MAX_RATE = 10_000;

/** @param hosts the most hosts of a fleet; undefined for a single gateway */
export function readLimits(
  at: string,
  value: unknown,
  { engine, hosts }: { readonly engine: 'iptables' | 'nginx'; readonly hosts: number | undefined },
  problems: Problems,
): ResolvedLimits | undefined {
  if (value === undefined) return undefined;
  const where = `${at}.limits`;
  const example = `{ ${engine === 'nginx' ? 'openConnections' : 'newConnectionsPerSecond'}: 20 }`;
  const props = readObject(where, value, { parts: LIMITS, example }, problems);
  if (props === undefined) return undefined;
  if (engine === 'nginx') {
    for (const prop of ['newConnectionsPerSecond', 'burst'] as const) {
      if (props[prop] !== undefined)
        problems.add(
          `${where}.${prop}`,
          "must be left out on nginx, which counts only open connections: write engine: 'iptables' for it",
          props[prop],
        );
    }
    if (props.openConnections === undefined) problems.add(where, 'must say openConnections', value);
  } else if (props.newConnectionsPerSecond === undefined && props.openConnections === undefined)
    problems.add(where, 'must say newConnectionsPerSecond or openConnections', value);
  if (engine !== 'nginx' && props.newConnectionsPerSecond === undefined && props.burst !== undefined)
    problems.add(`${where}.burst`, 'must go with newConnectionsPerSecond', props.burst);
  const { isShare, read } = limitReader(where, props, hosts, problems);
  const perSecond = read('newConnectionsPerSecond', MAX_RATE);
  const burst = read('burst', MAX_RATE);
  const openConnections = read('openConnections', 65_535);
  return {
    ...(isShare ? { perFleet: true } : {}),
    ...(perSecond === undefined
      ? {}
      : { rate: { perSecond, burst: burst ?? Math.min(Math.max(5, perSecond * 5), MAX_RATE) } }),
    ...(openConnections === undefined ? {} : { openConnections }),
  };
}
