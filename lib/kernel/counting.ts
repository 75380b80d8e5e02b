import { formatPorts, isRange } from '../forward/ports';
import type { KernelForward, KernelPortForward } from '../forward/resolved';
import { renderChain, renderSet } from '../nftables/block';
import type { KernelFeature } from './feature';

/**
 * Counts each forward's traffic. Each element of a set has a counter, and looking up a packet in the set counts it. The
 * key is the port that the client connected to, which connection tracking remembers in both directions.
 */
export const counting: KernelFeature = { nftables: ({ forwards }) => countingPart(forwards) };

function countingPart(forwards: readonly KernelForward[]): readonly string[] {
  if (forwards.length === 0) return [];
  const sets: string[] = [];
  const lookups: string[] = [];
  const ports = forwards.filter((f) => f.kind !== 'protocol');
  for (const transport of ['tcp', 'udp'] as const) {
    const own = ports.filter((f) => f.transport === transport);
    // Two sets: without ranges, a look-up takes constant time; with ranges, it grows slightly with the number of
    // forwards.
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
    // Counts each packet once: packets from either side of a connection on input, and packets that the host itself
    // sends on output.
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
