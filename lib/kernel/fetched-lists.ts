import type { Cidr } from '../forward/cidr';
import type { FetchedList } from '../forward/fetched-lists';
import { renderChain, renderSet } from '../nftables/block';
import { renderNetworks } from './lists';

/** The table of lists that the host fetches, and the file that its service loads it from. */
export const LISTS_TABLE = { table: 'inet portway_lists', file: '/etc/portway/lists.nft' } as const;

const FAMILIES = [4, 6] as const;

/**
 * The table that drops what networks in fetched lists send, as text for `nft -f`. The service fills its sets, so it stands
 * apart from `inet portway`, which each change of rules makes anew. `never` are networks that no list blocks.
 */
export function renderFetchedLists(lists: readonly FetchedList[], never: readonly Cidr[]): string {
  const source = (family: 4 | 6) => (family === 4 ? 'ip saddr' : 'ip6 saddr');
  const used = FAMILIES.filter((family) => never.some((c) => c.family === family));
  const byCountry = lists.filter(({ countries }) => countries !== undefined);
  const admitted = used.map((family) => `${source(family)} @never_v${family} accept`);
  /** An empty set of the only countries that may come keeps everyone out. */
  const drops = (some: readonly FetchedList[]) =>
    some.flatMap(({ id, countries }) =>
      FAMILIES.map((family) => {
        const unless = countries?.areKeptOut === false ? '!= ' : '';
        return `${source(family)} ${unless}@${id}_v${family} counter drop`;
      }),
    );
  return [
    '# Portway: lists of blocked sources. `portway lists` loads it, and fills its sets.',
    `add table ${LISTS_TABLE.table}`,
    `delete table ${LISTS_TABLE.table}`,
    `table ${LISTS_TABLE.table} {`,
    ...used.map((family) =>
      renderNetworks(
        `never_v${family}`,
        family,
        never.filter((c) => c.family === family),
      ),
    ),
    ...lists.flatMap(({ id }) =>
      FAMILIES.map((family) =>
        renderSet(`${id}_v${family}`, { type: `ipv${family}_addr`, lines: ['flags interval', 'auto-merge'] }),
      ),
    ),
    renderChain(
      'blocked',
      [
        'type filter hook prerouting priority raw + 2; policy accept;',
        'iif lo accept',
        ...admitted,
        ...drops(lists.filter(({ countries }) => countries === undefined)),
      ],
      ['Before connection tracking, so that they cannot fill its table.'],
    ),
    ...(byCountry.length === 0
      ? []
      : [
          renderChain(
            'countries',
            [
              'type filter hook prerouting priority mangle - 1; policy accept;',
              'ct state != new accept',
              'iif lo accept',
              'fib daddr type != local accept',
              ...admitted,
              ...drops(byCountry),
            ],
            ['New connections to the gateway alone: answers to what it opens itself come from everywhere.'],
          ),
        ]),
    '}',
    '',
  ].join('\n');
}
