import { overlapCidr } from 'cidr-tools';
import { type Cidr, everyoneIn } from '../forward/cidr';
import { type FetchedList, readFetchedLists } from '../forward/fetched-lists';
import { readSources, type SourceSpec, splitSources } from '../forward/lists';
import { isToken } from '../forward/token';
import { renderChain } from '../nftables/block';
import type { GatewayOption } from './feature';
import { listSet, renderNetworks } from './lists';

/** @category In the kernel */
export interface BlockedProps {
  /**
   * Source networks in CIDR notation, names of `lists`, and lists to fetch (`Sources.url`), whose packets are dropped before anything else, even on established connections. `Sources.countries` refuses new connections.
   * Hundreds of networks cost no more than one.
   * @default none
   * @refused an empty list; everyone, also as two halves; a network that overlaps `adminCidr`, or with `ssh: 'endpoint'` the gateway's own subnet
   */
  readonly blocked?: readonly SourceSpec[];
}

export interface BlockedValues {
  readonly blocked: readonly Cidr[];
  /** Lists that the host fetches by itself. */
  readonly fetchedLists: readonly FetchedList[];
  /** Whom these lists never block. Undefined: there are none, or it is not valid. */
  readonly admin?: Cidr;
}

declare module './values' {
  interface GatewayValues extends BlockedValues {}
}

/** `blocked`: drops all packets from some networks, in the earliest hook that handles both IP versions. */
export const blocked: GatewayOption<BlockedProps, BlockedValues> = {
  on: 'gateway',
  props: { blocked: true },
  read(_, props, problems, { admin, lists, ssh }) {
    const networks = readSources('blocked', props.blocked, lists, problems, 'fetched');
    const everyone = everyoneIn(networks);
    for (const cidr of everyone) problems.add('blocked', 'must not be everyone', cidr.text);
    for (const cidr of networks) {
      if (admin !== undefined && overlaps(cidr, admin) && !everyone.some((c) => c.family === cidr.family))
        problems.add(
          'blocked',
          `must leave ${ssh === 'endpoint' ? "the login endpoint's subnet" : 'adminCidr'} (${admin.text}) out, or nobody could log in`,
          cidr.text,
        );
    }
    const fetchedLists = readFetchedLists('blocked', props.blocked, problems);
    return { blocked: networks, fetchedLists, ...(admin === undefined || fetchedLists.length === 0 ? {} : { admin }) };
  },
  nftables: ({ settings }) => blockedPart(settings.blocked),
};

function overlaps(a: Cidr, b: Cidr): boolean {
  return !isToken(a.text) && !isToken(b.text) && a.family === b.family && overlapCidr(a.text, b.text);
}

function blockedPart(networks: readonly Cidr[]): readonly string[] {
  const { alone, lists } = splitSources(networks);
  const families = [4, 6] as const;
  const sets = families.flatMap((family) => {
    const own = alone.filter((c) => c.family === family);
    return own.length === 0 ? [] : [renderNetworks(`blocked_v${family}`, family, own)];
  });
  const drops = families.flatMap((family) =>
    [
      ...(alone.some((c) => c.family === family) ? [`blocked_v${family}`] : []),
      ...[...lists].flatMap(([name, own]) => (own.some((c) => c.family === family) ? [listSet(name, family)] : [])),
    ].map((set) => `${family === 4 ? 'ip' : 'ip6'} saddr @${set} counter drop`),
  );
  if (drops.length === 0) return [];
  const chain = renderChain(
    'blocked',
    ['type filter hook prerouting priority raw;', 'iif lo accept', ...drops],
    ['Nothing is taken from these networks. Before connection tracking, so that they cannot fill its table.'],
  );
  return [...sets, chain];
}
