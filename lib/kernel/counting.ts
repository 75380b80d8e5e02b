import { formatPorts, isRange } from '../forward/ports';
import type { KernelForward, KernelPortForward } from '../forward/resolved';
import { renderChain, renderSet } from '../nftables/block';
import type { KernelFeature } from './feature';

/**
 * Counts what each forward carries. Each entry of a set has a counter, and looking a packet up in the set counts it. The key is the
 * port that the client asked for, which connection tracking remembers in both directions.
 */
export const counting: KernelFeature = { nftables: ({ forwards }) => countingPart(forwards) };

function countingPart(forwards: readonly KernelForward[]): readonly string[] {
  if (forwards.length === 0) return [];
  const sets: string[] = [];
  const lookups: string[] = [];
  const ports = forwards.filter((f) => f.kind !== 'protocol');
  for (const transport of ['tcp', 'udp'] as const) {
    const own = ports.filter((f) => f.transport === transport);
    // Two sets: without ranges a look-up takes the same time whatever the number of forwards; with them it grows a little.
    for (const [name, some, lines] of [
      [`${transport}_ports`, own.filter((f) => !isRange(f.listen)), ['counter']],
      [`${transport}_ranges`, own.filter((f) => isRange(f.listen)), ['flags interval', 'counter']],
    ] as const) {
      if (some.length === 0) continue;
      sets.push(renderSet(name, { type: 'inet_service', lines, elements: some.map(element) }));
      lookups.push(`meta l4proto ${transport} ct original proto-dst @${name}`);
    }
  }
  const protocols = forwards.filter((f) => f.kind === 'protocol');
  if (protocols.length > 0) {
    const elements = protocols.map((f) => ({ key: `${f.protocol}`, comment: f.name }));
    sets.push(renderSet('protocols', { type: 'inet_proto', lines: ['counter'], elements }));
    lookups.push('meta l4proto @protocols');
  }
  return [
    ...sets,
    renderChain('count', lookups, [
      'What each forward carries, both ways; not what the gateway merely routes, whose destination it leaves alone.',
    ]),
    // One look at each packet: what comes in from either side of a connection, and what only the host itself sends.
    renderChain('received', ['type filter hook prerouting priority dstnat + 1', 'ct status dnat goto count']),
    renderChain('sent', [
      'type filter hook output priority -99',
      'ct status dnat ct direction reply oif != "lo" goto count',
      'ct status dnat ct direction original fib daddr type != local goto count',
    ]),
  ];
}

function element({ listen, name }: KernelPortForward) {
  return { key: formatPorts(listen), comment: name };
}
