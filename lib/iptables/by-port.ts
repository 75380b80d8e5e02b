import { formatPorts, type PortRange } from '../forward/ports';
import type { Table } from './table';

/** The rules of one forward in a chain, with the ports that it listens on. */
export interface PortRules {
  readonly transport: 'tcp' | 'udp';
  readonly ports: PortRange;
  /** How many rules `write` writes. */
  readonly rules: number;
  /** Writes them at the end of a chain. */
  readonly write: (chain: string) => void;
}

/** A chain with at most this many rules stays a plain list in the user's order: easiest to read, and no slower. */
const LIST = 16;

/** The largest number of rules or jumps in each chain of a tree. */
const WIDTH = 8;

interface Branch {
  readonly ports: PortRange;
  readonly inside: readonly (Branch | PortRules)[];
}

/**
 * Rules that a packet finds by its port. The first packet of a connection walks a list until its rule matches, which is
 * slow for a thousand forwards. So beyond a short list, the rules form a tree of chains, each for a range of ports: ten
 * thousand forwards are five chains deep. `matchPorts` writes the match for such a range.
 */
export function writeByPort(
  table: Table,
  chain: string,
  forwards: readonly PortRules[],
  matchPorts: (transport: 'tcp' | 'udp', ports: PortRange) => string,
): void {
  if (countRules(forwards) <= LIST) {
    for (const forward of forwards) forward.write(chain);
    return;
  }
  for (const transport of ['tcp', 'udp'] as const) {
    const own = forwards.filter((f) => f.transport === transport).toSorted((a, b) => a.ports.from - b.ports.from);
    let level: readonly (Branch | PortRules)[] = pack(own);
    while (level.length > WIDTH) level = spread(level);
    const write = (into: string, node: Branch | PortRules): void => {
      if ('write' in node) {
        node.write(into);
        return;
      }
      const name = `${chain}.${transport.charAt(0)}${formatPorts(node.ports)}`;
      table.addCommon(into, matchPorts(transport, node.ports), `-j ${name}`);
      for (const inner of node.inside) write(name, inner);
    };
    for (const node of level) write(chain, node);
  }
}

/**
 * The lowest level: neighbouring forwards share a chain if their rules fit. A forward with one rule needs no chain of
 * its own.
 */
function pack(forwards: readonly PortRules[]): readonly (Branch | PortRules)[] {
  const packs: PortRules[][] = [];
  for (const forward of forwards) {
    const last = packs.at(-1);
    if (last === undefined || countRules(last) + forward.rules > WIDTH) packs.push([forward]);
    else last.push(forward);
  }
  return packs.map((inside) => (inside.length === 1 && inside[0]?.rules === 1 ? inside[0] : branch(inside)));
}

/** The next level up: as few chains as possible, of nearly equal size. */
function spread(nodes: readonly (Branch | PortRules)[]): readonly Branch[] {
  const count = Math.ceil(nodes.length / WIDTH);
  const start = (i: number) => Math.floor((i * nodes.length) / count);
  return Array.from({ length: count }, (_, i) => branch(nodes.slice(start(i), start(i + 1))));
}

function branch(inside: readonly (Branch | PortRules)[]): Branch {
  return { inside, ports: { from: inside[0]?.ports.from ?? 0, to: inside.at(-1)?.ports.to ?? 0 } };
}

function countRules(forwards: readonly PortRules[]): number {
  return forwards.reduce((sum, forward) => sum + forward.rules, 0);
}
