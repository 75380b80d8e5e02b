import type { Engine } from './forward';
import { formatPorts, type PortRange, parsePorts } from './ports';
import { forwardPath, type Problems } from './problems';
import { PROTOCOLS } from './protocol';
import type { WrittenForwards } from './read-forwards';

/**
 * Reports forwards that share a port or a protocol. Forwards that broke other rules are checked too, so that one run
 * reports everything.
 */
export function checkListeners(entries: WrittenForwards, stackEngine: Engine, problems: Problems): void {
  const listeners = entries.flatMap(([name, forward]) => {
    if (forward.kind === 'protocol') return [];
    const { kind, props } = forward;
    const listen = parsePorts(props.listen);
    if (listen === undefined) return [];
    const engine = kind === 'tcp' || kind === 'udp' ? (props.engine ?? stackEngine) : 'nginx';
    const listener = { at: forwardPath(name), kind, engine, listen };
    return [
      { ...listener, transport: kind === 'udp' ? 'udp' : 'tcp' },
      ...(kind === 'https' && props.http3 === true ? [{ ...listener, transport: 'udp' }] : []),
    ];
  });
  for (const [a, b] of overlapping(listeners)) {
    // The host names that clients ask for tell these two apart.
    if ([a.kind, b.kind].sort().join() === 'https,tls') continue;
    const engines = a.engine === b.engine ? '' : '; iptables would take every packet before nginx could';
    problems.add(
      `${b.at}.listen`,
      `must not overlap with ${a.at}.listen, which has ${a.transport} ${formatPorts(a.listen)}${engines}`,
      formatPorts(b.listen),
    );
  }
  checkProtocols(entries, problems);
}

/** All pairs with a port in common, in the user's order. Sorted by port, since a stack may have thousands. */
function overlapping<T extends { readonly listen: PortRange; readonly transport: string }>(
  listeners: readonly T[],
): readonly (readonly [T, T])[] {
  const sorted = [...listeners.entries()].sort(([, a], [, b]) => a.listen.from - b.listen.from);
  const pairs = sorted.flatMap(([i, a], place) => {
    const found: (readonly [number, number])[] = [];
    for (let next = place + 1; next < sorted.length; next++) {
      const [j, b] = sorted[next] as [number, T];
      if (b.listen.from > a.listen.to) break;
      if (a.transport === b.transport) found.push([Math.min(i, j), Math.max(i, j)]);
    }
    return found;
  });
  return pairs.sort(([a, b], [c, d]) => a - c || b - d).map(([i, j]) => [listeners[i] as T, listeners[j] as T]);
}

function checkProtocols(entries: WrittenForwards, problems: Problems): void {
  const seen = new Map<unknown, string>();
  for (const [name, forward] of entries) {
    if (forward.kind !== 'protocol') continue;
    const { protocol } = forward.props;
    const number = typeof protocol === 'string' ? (PROTOCOLS as Readonly<Record<string, number>>)[protocol] : protocol;
    if (typeof number !== 'number') continue;
    const other = seen.get(number);
    if (other !== undefined)
      problems.add(`${forwardPath(name)}.protocol`, `must differ from ${forwardPath(other)}.protocol`, protocol);
    seen.set(number, name);
  }
}
