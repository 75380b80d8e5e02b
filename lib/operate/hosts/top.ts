import type { HostTop, SourceActivity } from '../../host/outputs/top';
import { plainTable } from '../../plan/table';
import type { Answer } from './answers';

/** What `portway hosts top --json` prints: the sums over all hosts that answered, in the same time if there are at most ten. */
export interface HostsTop extends Omit<HostTop, 'sources'> {
  /** The busiest first. */
  readonly sources: readonly SourceOfHosts[];
  /** The ids of the hosts that answered. */
  readonly hosts: readonly string[];
  /** Hosts that did not answer, by instance id, and why. */
  readonly unreachable: Readonly<Record<string, string>>;
}

/** What one source did on all hosts together. */
export interface SourceOfHosts extends SourceActivity {
  /** On how many hosts it did anything. */
  readonly hosts: number;
}

/** Joins what hosts saw. Pure. */
export function hostsTop(answers: readonly Answer<HostTop>[]): HostsTop {
  const said = answers.flatMap((one) => ('said' in one ? [one.said] : []));
  const bySource = new Map<string, SourceOfHosts>();
  for (const one of said.flatMap(({ sources }) => sources)) {
    const before = bySource.get(one.source);
    bySource.set(one.source, before === undefined ? { ...one, hosts: 1 } : sum(before, one));
  }
  const all = (of: (top: HostTop) => number) => said.reduce((before, one) => before + of(one), 0);
  return {
    seconds: Math.max(0, ...said.map(({ seconds }) => seconds)),
    sources: [...bySource.values()].toSorted((a, b) => weight(b) - weight(a)),
    dropped_packets: {
      blocked: all((one) => one.dropped_packets.blocked),
      sources: all((one) => one.dropped_packets.sources),
      limits: all((one) => one.dropped_packets.limits),
    },
    uncounted_connections: all((one) => one.uncounted_connections),
    hosts: answers.flatMap((one) => ('said' in one ? [one.host.instanceId] : [])),
    unreachable: Object.fromEntries(
      answers.flatMap((one) => ('trouble' in one ? [[one.host.instanceId, one.trouble]] : [])),
    ),
  };
}

function sum(one: SourceOfHosts, other: SourceActivity): SourceOfHosts {
  const add = (name: 'open' | 'new' | 'requests' | 'requests_per_second' | 'bytes' | 'bytes_per_second' | 'refused') =>
    tenths(one[name] + other[name]);
  const requests = add('requests');
  const share = (name: 'share_4xx' | 'share_5xx') =>
    requests === 0 ? 0 : tenths((one[name] * one.requests + other[name] * other.requests) / requests);
  return {
    source: one.source,
    ...{ open: add('open'), new: add('new'), requests, requests_per_second: add('requests_per_second') },
    ...{ bytes: add('bytes'), bytes_per_second: add('bytes_per_second') },
    ...{ share_4xx: share('share_4xx'), share_5xx: share('share_5xx'), refused: add('refused') },
    blocked: one.blocked || other.blocked,
    hosts: one.hosts + 1,
  };
}

function tenths(number: number): number {
  return Math.round(number * 10) / 10;
}

/** As a host ranks its sources, by what they ask of it. */
function weight({ requests, new: began, open, bytes }: SourceActivity): number {
  return requests + began + open + bytes / 1500;
}

/** For people. Pure. */
export function topText(answers: readonly Answer<HostTop>[]): string {
  const {
    sources,
    seconds,
    dropped_packets: dropped,
    uncounted_connections: lost,
    hosts,
    unreachable,
  } = hostsTop(answers);
  const drops = Object.entries(dropped).map(([name, number]) => `${name} ${number}`);
  const rows = sources.map((one) => [
    ...[one.source, `${one.hosts}`, `${one.open}`, (one.new / seconds).toFixed(1), one.requests_per_second.toFixed(1)],
    ...[
      `${one.bytes_per_second}`,
      `${one.share_4xx}`,
      `${one.share_5xx}`,
      `${one.refused}`,
      one.blocked ? 'blocked' : '',
    ],
  ]);
  return [
    `${hosts.length} hosts, ${sources.length} sources, ${seconds} s. Packets dropped by ${drops.join(', ')}${lost > 0 ? `. Not counted: ${lost} connections` : ''}`,
    plainTable(['source', 'hosts', 'open', 'new/s', 'req/s', 'B/s', '4xx %', '5xx %', 'refused', ''], rows),
    ...Object.entries(unreachable).map(([id, why]) => `${id} did not answer: ${why}`),
    '',
  ].join('\n');
}
