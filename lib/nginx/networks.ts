import type { Cidr } from '../forward/cidr';
import type { SplitSources } from '../forward/lists';
import { GATEWAY_ITSELF } from './access';
import { type Block, block } from './block';

/** How an address is looked up in networks. */
interface GeoProps {
  /** The variable with the address. Default: the client, as trusted proxies name it. */
  readonly address?: string;
  /** The answer for the gateway itself. */
  readonly gateway: 0 | 1;
}

/** Sets a variable to 1 if an address is in some networks, else to 0. It costs the same for one and for thousands. */
export function geo(variable: string, networks: readonly Cidr[], { address, gateway }: GeoProps): Block {
  return block(`geo ${address === undefined ? '' : `${address} `}${variable}`, [
    'default 0;',
    ...GATEWAY_ITSELF.map((s) => `${s} ${gateway};`),
    ...networks.map((c) => `${c.text} 1;`),
  ]);
}

/** Variables that say whether an address is in some sources. */
export interface Variables {
  /** In those that stand in no list; undefined if there are none. */
  readonly alone?: string;
  /** In any of them. */
  readonly any: string;
}

/** Sets these variables. `list` names the variable of each list, which is set once for all forwards. */
export function inAny(
  { alone, any }: Variables,
  sources: SplitSources,
  { list, ...props }: GeoProps & { readonly list: (name: string) => string },
): readonly Block[] {
  const own = alone === undefined ? [] : [geo(alone, sources.alone, props)];
  const all = [...(alone === undefined ? [] : [alone]), ...[...sources.lists.keys()].map(list)];
  return all.includes(any) ? own : [...own, block(`map ${all.join('')} ${any}`, ['default 0;', '~1 1;'])];
}
