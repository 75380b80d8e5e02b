import type { Family } from '../../forward/cidr';
import type { KernelPortForward } from '../../forward/resolved';
import { type PortRules, writeByPort } from '../../iptables/by-port';
import { CHAINS } from '../../iptables/chains';
import { matchOriginalPorts } from '../../iptables/rule';
import type { Table } from '../../iptables/table';
import type { KernelFeature } from '../feature';
import { isPortWay, type Way } from '../ways';
import type { ResolvedLimits } from './limits';

/**
 * The first packet of a translated connection or UDP flow. State NEW would not do: every datagram is NEW until a reply
 * arrives, so each would count as a flow. A flow is confirmed when its first packet has passed all chains; a dropped
 * flow never is.
 */
const FIRST_PACKET = '-m conntrack --ctstate DNAT ! --ctstatus CONFIRMED';

/** `limits`, in the table filter: what one client may do. The gateway's connections to itself are not limited. */
export const limits: KernelFeature = { iptables: ({ filter, ways }) => writeLimits(filter, ways) };

function writeLimits(filter: Table, ways: readonly Way[]): void {
  const limited = ways.filter(isPortWay).flatMap((way) => {
    const { limits } = way.forward;
    return limits === undefined ? [] : [{ ...way, limits }];
  });
  if (limited.some((way) => way.targets.some((t) => t.kind === 'local')))
    filter.hook('INPUT', `! -i lo ${FIRST_PACKET}`, CHAINS.limit);
  if (limited.some((way) => way.targets.some((t) => t.kind !== 'local')))
    filter.hook('FORWARD', FIRST_PACKET, CHAINS.limit);
  if (limited.length > 0) filter.remark(CHAINS.limit, 'first packets of clients that ask for too much');
  const rules = limited.map(({ forward, family, limits }): PortRules => {
    const { transport, listen, name } = forward;
    const matches = [...matchRate(forward, limits, family), ...matchOpen(limits, family)];
    return {
      transport,
      ports: listen,
      rules: matches.length,
      write: (chain) => {
        for (const match of matches) filter.add(chain, [matchOriginalPorts(transport, listen), match], name, '-j DROP');
      },
    };
  });
  writeByPort(filter, CHAINS.limit, rules, matchOriginalPorts);
}

/** A client is one address or, in IPv6, a /64, since a host can use any address of its /64. */
const CLIENT_PREFIX: Readonly<Record<Family, number>> = { 4: 32, 6: 64 };

/**
 * Clients that the kernel remembers for one forward, at about 100 bytes each. When the table is full, connections of
 * unknown clients are dropped.
 */
const MAX_CLIENTS = 65_536;

function matchRate(forward: KernelPortForward, { rate }: ResolvedLimits, family: Family): readonly string[] {
  if (rate === undefined) return [];
  const { perSecond, burst } = rate;
  // The kernel finds a table of clients by name and keeps its old limits, so changed limits need a new name.
  const name = `portway-${forward.name}-${perSecond}-${burst}`;
  // A client must be remembered until it may send a full burst again.
  const remember = Math.max(10, Math.ceil(burst / perSecond)) * 1000;
  return [
    [
      `-m hashlimit --hashlimit-name ${name} --hashlimit-mode srcip --hashlimit-srcmask ${CLIENT_PREFIX[family]}`,
      `--hashlimit-above ${perSecond}/sec --hashlimit-burst ${burst}`,
      `--hashlimit-htable-size 1024 --hashlimit-htable-max ${MAX_CLIENTS}`,
      `--hashlimit-htable-expire ${remember} --hashlimit-htable-gcinterval 10000`,
    ].join(' '),
  ];
}

function matchOpen({ openConnections }: ResolvedLimits, family: Family): readonly string[] {
  if (openConnections === undefined) return [];
  return [
    `-m connlimit --connlimit-above ${openConnections} --connlimit-mask ${CLIENT_PREFIX[family]} --connlimit-saddr`,
  ];
}
