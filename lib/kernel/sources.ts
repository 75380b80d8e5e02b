import { type Cidr, type Family, isEverything } from '../forward/cidr';
import { splitSources } from '../forward/lists';
import { formatPorts } from '../forward/ports';
import type { KernelForward } from '../forward/resolved';
import { type Element, renderChain, renderSet } from '../nftables/block';
import type { KernelFeature } from './feature';
import { listSet } from './lists';
import { countsTraffic } from './monitoring';

/** How to look up the packets of one kind of forward. */
interface Kind {
  /** Part of the sets' names. */
  readonly name: string;
  /** The type of a set's key, and the expression that forms the key of a packet. */
  readonly type: string;
  readonly key: string;
}

const PORTS: Kind = { name: '', type: 'inet_proto . inet_service', key: 'meta l4proto . th dport' };
/** Sets that a packet is last looked up in before it is dropped. */
const COUNTING = /^(denied|restricted)_/;

const PROTOCOLS: Kind = { name: 'protocols_', type: 'inet_proto', key: 'meta l4proto' };

/** `allowFrom` and `denyFrom`. */
export const sources: KernelFeature = {
  nftables: ({ forwards, settings }) => sourcesPart(forwards, countsTraffic(settings)),
};

/**
 * Who may start connections. Each question is one look-up in a set, whatever the number of forwards and networks, and
 * two for each list that forwards name. Only a connection's first packet is looked up. `counts`: each forward's entries count what is
 * dropped for them, which only dropped packets pay for (assets: drops.py).
 */
function sourcesPart(forwards: readonly KernelForward[], counts: boolean): readonly string[] {
  const listed = forwards.filter((f) => f.allowFrom.length > 0 || f.denyFrom.length > 0);
  // Forwards of one interface have their own sets: on other interfaces, their ports may belong to another program.
  const interfaces = [...new Set(listed.map((f) => f.interface))];
  const groups = interfaces.flatMap((name, i) =>
    [PORTS, PROTOCOLS].map((kind) =>
      group(
        listed.filter((f) => f.interface === name && (f.kind === 'protocol') === (kind === PROTOCOLS)),
        kind,
        {
          suffix: name === undefined ? '' : `_${i}`,
          match: name === undefined ? '' : `iifname "${name.replace('+', '*')}" `,
          counts,
        },
      ),
    ),
  );
  const rules = groups.flatMap((g) => g.rules);
  if (rules.length === 0) return [];
  const chain = renderChain(
    'sources',
    [
      'type filter hook prerouting priority mangle;',
      'ct state != new accept',
      'iif lo accept',
      'fib daddr type != local accept',
      ...rules,
    ],
    [
      'Who may start connections to which forward; what is denied wins. Only the first packet of a connection is looked',
      "up, and only when it is for the gateway itself. The gateway's own connections to itself pass.",
    ],
  );
  return [...groups.flatMap((g) => g.sets), chain];
}

function group(
  forwards: readonly KernelForward[],
  kind: Kind,
  on: { readonly suffix: string; readonly match: string; readonly counts: boolean },
) {
  const sets: string[] = [];
  const rules: string[] = [];
  const add = (what: string, type: string, elements: readonly Element[]): string | undefined => {
    if (elements.length === 0) return undefined;
    const name = `${what}${on.suffix}`;
    const counter = on.counts && COUNTING.test(what) ? ['counter'] : [];
    sets.push(renderSet(name, { type, lines: ['flags interval', ...counter], elements }));
    return name;
  };
  for (const family of [4, 6] as const) {
    const own = forwards.filter((f) => f.families.includes(family));
    const address = `${family === 4 ? 'ip' : 'ip6'} saddr`;
    const key = `${kind.key} . ${address}`;
    const type = `${kind.type} . ipv${family}_addr`;
    /** A rule for each list that forwards name: `verdict` for their listeners, if the client is in the list. */
    const byList = (what: string, of: readonly KernelForward[], from: SourcesOf, verdict: string) => {
      for (const list of new Set(of.flatMap((f) => namesOf(from(f), family)))) {
        const named = of.filter((f) => namesOf(from(f), family).includes(list));
        const listeners = add(`${what}_list_${list}_${kind.name}v${family}`, kind.type, named.map(listenerOf));
        // The listeners last, whose entries count.
        rules.push(`${on.match}${address} @${listSet(list, family)} ${kind.key} @${listeners} ${verdict}`);
      }
    };
    const denied = add(
      `denied_${kind.name}v${family}`,
      type,
      elementsOf(own, (f) => f.denyFrom, family),
    );
    if (denied !== undefined) rules.push(`${on.match}${key} @${denied} counter drop`);
    byList('denied', own, (f) => f.denyFrom, 'counter drop');
    const restricted = own.filter(
      (f) => f.allowFrom.length > 0 && !f.allowFrom.some((c) => c.family === family && isEverything(c)),
    );
    const closed = add(`restricted_${kind.name}v${family}`, kind.type, restricted.map(listenerOf));
    const allowed = add(
      `allowed_${kind.name}v${family}`,
      type,
      elementsOf(restricted, (f) => f.allowFrom, family),
    );
    if (closed === undefined) continue;
    // No other rule of this chain is about these listeners: what is denied is dropped already.
    byList('allowed', restricted, (f) => f.allowFrom, 'accept');
    const unless = allowed === undefined ? `meta nfproto ipv${family}` : `${key} != @${allowed}`;
    rules.push(`${on.match}${unless} ${kind.key} @${closed} counter drop`);
  }
  return { sets, rules };
}

type SourcesOf = (forward: KernelForward) => readonly Cidr[];

/** The networks that stand in no list. */
function elementsOf(forwards: readonly KernelForward[], from: SourcesOf, family: Family): readonly Element[] {
  return forwards.flatMap((forward) =>
    splitSources(from(forward))
      .alone.filter((c) => c.family === family)
      .map((c) => ({ key: `${listener(forward)} . ${c.text}`, comment: forward.name })),
  );
}

/** The lists among some sources that have networks of this IP version. */
function namesOf(sources: readonly Cidr[], family: Family): readonly string[] {
  return [...new Set(sources.flatMap((c) => (c.family === family ? (c.list ?? []) : [])))];
}

function listenerOf(forward: KernelForward): Element {
  return { key: listener(forward), comment: forward.name };
}

/** A forward's listener, as a key of a set. */
function listener(forward: KernelForward): string {
  return forward.kind === 'protocol' ? `${forward.protocol}` : `${forward.transport} . ${formatPorts(forward.listen)}`;
}
