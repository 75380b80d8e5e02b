import type { Cidr } from '../forward/cidr';
import type { FetchedList } from '../forward/fetched-lists';
import type { GatewaySettings } from '../forward/gateway-settings';
import { PUBLISHED } from '../forward/known-sources';
import { splitSources } from '../forward/lists';
import { isNginxForward, type ResolvedForward } from '../forward/resolved';
import { isToken } from '../forward/token';

/** Stands for a network that is a token: its value is known only at deploy time. */
export const AT_DEPLOY = 'known at deploy';

/** The names of lists whose networks stand in two of a forward's props. */
export interface PlannedListNames {
  readonly allowFrom: readonly string[];
  readonly denyFrom: readonly string[];
}

/** Source networks with a name. */
export interface PlannedList {
  readonly name: string;
  readonly networks: readonly string[];
  /** For ranges that somebody publishes: the day on which they were so, and where. */
  readonly published?: { readonly asOf: string; readonly source: string };
}

/** A list that the host fetches. */
export interface PlannedFetchedList {
  readonly url: string;
  readonly everyHours: number;
  /** Of a database: the countries that are kept out. */
  readonly countries?: readonly string[];
  /** Of a database: the countries that alone may come. */
  readonly allBut?: readonly string[];
}

/** All lists that are named somewhere. */
export function plannedLists(
  forwards: readonly ResolvedForward[],
  { blocked, prometheus, protect }: GatewaySettings,
): { readonly lists?: readonly PlannedList[]; readonly blockedLists?: readonly string[] } {
  const used = forwards.flatMap((f) => [
    ...f.allowFrom,
    ...f.denyFrom,
    ...(isNginxForward(f) ? (f.trustedProxies?.from ?? []) : []),
  ]);
  const ofGateway = [...blocked, ...(prometheus?.from ?? []), ...(protect?.never ?? [])];
  const lists = [...splitSources([...used, ...ofGateway]).lists].map(([name, networks]): PlannedList => {
    const { asOf, source } = PUBLISHED.get(name) ?? {};
    const published = asOf === undefined || source === undefined ? {} : { published: { asOf, source } };
    return { name, networks: networks.map(network), ...published };
  });
  const blockedLists = [...splitSources(blocked).lists.keys()];
  return { ...(lists.length === 0 ? {} : { lists }), ...(blockedLists.length === 0 ? {} : { blockedLists }) };
}

export function listNames({ allowFrom, denyFrom }: ResolvedForward): { readonly lists?: PlannedListNames } {
  const [allowed, denied] = [allowFrom, denyFrom].map((networks) => [...splitSources(networks).lists.keys()]);
  if (allowed === undefined || denied === undefined || allowed.length + denied.length === 0) return {};
  return { lists: { allowFrom: allowed, denyFrom: denied } };
}

export function network({ text }: Cidr): string {
  return isToken(text) ? AT_DEPLOY : text;
}

/** Who may come: whom the security group admits, where the host cannot know. */
export function admittedBy({ allowFrom, admitted = allowFrom }: ResolvedForward): readonly Cidr[] {
  const peers = admitted.map(({ prefixList, ...own }) => ({ ...own, text: prefixList?.id ?? own.text }));
  return [...new Map(peers.map((peer) => [peer.text, peer])).values()];
}

export function plannedFetched({ url, everyHours, countries }: FetchedList): PlannedFetchedList {
  const named = countries?.areKeptOut ? { countries: countries.codes } : { allBut: countries?.codes ?? [] };
  return { url, everyHours, ...(countries === undefined ? {} : named) };
}

/** How a list of sources is printed: names of lists, then the networks that stand in none of them. */
export function shownSources(
  networks: readonly string[],
  names: readonly string[],
  lists: readonly PlannedList[],
): readonly string[] {
  const listed = new Set(lists.filter(({ name }) => names.includes(name)).flatMap((list) => list.networks));
  return [...names.map((name) => `list ${name}`), ...networks.filter((one) => !listed.has(one))];
}

/** How many networks of a list are printed. */
const SHOWN = 4;

export function listLine({ name, networks, published }: PlannedList): string {
  const some = networks.slice(0, SHOWN).join(', ');
  const more = networks.length > SHOWN ? `, ... (${networks.length})` : '';
  return `list ${name}: ${some}${more}${published === undefined ? '' : `, as of ${published.asOf}`}`;
}
