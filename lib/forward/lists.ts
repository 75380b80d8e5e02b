import { types } from 'node:util';
import { type Cidr, isCidr, mergeCidrs, readCidr } from './cidr';
import { PUBLISHED, Sources } from './known-sources';
import type { Problems } from './problems';
import { isPrefixListAlone, readKnownSources } from './read-known-sources';
import { memberPath, readRecord } from './read-object';
import { didYouMean } from './unknown-prop';

/** A source network in CIDR notation, the name of one of the stack's `lists`, or ranges that somebody publishes. */
export type SourceSpec = string | Sources;

/** @category Forwards and access */
export interface ListsProps {
  /**
   * Source networks by name, written once: `{ office: ['198.51.100.0/24', '2001:db8:1::/48'] }`. The name then stands
   * for all of them in `allowFrom`, `denyFrom`, `blocked`, `protect.never`, `trustedProxies`, `proxyProtocol.accept.from` and
   * `monitoring.prometheus.from`, beside networks. On the host a list is one set in the kernel, and one block of nginx's HTTP, whatever the number of
   * forwards that use it. A list that changes ends the connections of clients that no forward admits any more.
   * @default none
   * @refused an empty list; a list within a list; more than 2,000 networks in a list; names that are not a small letter,
   * then small letters, digits or hyphens, at most 20 in all
   * @see docs/options.md#lists
   */
  readonly lists?: Readonly<Record<string, readonly SourceSpec[]>>;
}

/** The stack's lists, checked, by name. */
export type Lists = ReadonlyMap<string, readonly Cidr[]>;

export const NO_LISTS: Lists = new Map();

/** Names of nginx's variables ignore case, so names of lists have none. */
const NAME = /^[a-z][a-z0-9-]{0,19}$/;

/** A set of 2,000 takes the kernel some 2 MB and some 60 kB of the host's parameters. */
const MOST = 2000;

/** Reads `lists`. A list that breaks a rule is kept with its valid networks, so that its name is not unknown too. */
export function readLists(value: unknown, problems: Problems): Lists {
  if (value === undefined) return NO_LISTS;
  const entries = readRecord(
    'lists',
    value,
    "must hold lists by name, such as { office: ['198.51.100.0/24'] }",
    problems,
  );
  return new Map((entries ?? []).map(([name, written]) => [name, readList(name, written, problems)]));
}

function readList(name: string, written: unknown, problems: Problems): readonly Cidr[] {
  const at = memberPath('lists', name);
  if (!NAME.test(name))
    problems.add(
      at,
      'must have a name of a small letter, then small letters, digits or hyphens, at most 20 in all',
      name,
    );
  if (PUBLISHED.has(name)) problems.add(at, 'must have another name: this one is taken by Sources', name);
  const networks = mergeCidrs(readSources(at, written, undefined, problems));
  if (networks.length > MOST) problems.add(at, `must hold at most ${MOST} networks (after merging)`, networks.length);
  return networks.map((network) => ({ ...network, list: name }));
}

/**
 * What a prop takes beside networks that synth knows: nothing, prefix lists that stand for such networks, prefix lists alone, or
 * lists to fetch, which are read elsewhere.
 */
type Takes = 'none' | 'known' | 'alone' | 'fetched';

/**
 * The source networks of a prop (`at`), with the networks of the lists that it names; empty if it is unset. `lists` is
 * undefined within a list: one in another would hide what it holds.
 */
export function readSources(
  at: string,
  value: unknown,
  lists: Lists | undefined,
  problems: Problems,
  takes: Takes = 'none',
): readonly Cidr[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length === 0) {
    problems.add(at, 'must hold at least one CIDR block, or be left out', value);
    return [];
  }
  return value.flatMap((source: unknown, i) => {
    const where = `${at}[${i}]`;
    if (!types.isProxy(source) && source instanceof Sources) return readOthers(where, source, takes, problems);
    const list = typeof source === 'string' ? lists?.get(source) : undefined;
    if (list !== undefined) return list;
    const cidr = readCidr(source);
    if (isCidr(cidr)) return [cidr];
    problems.add(where, typeof source === 'string' && isName(source) ? ruleFor(source, lists) : cidr.rule, source);
    return [];
  });
}

function readOthers(at: string, source: Sources, takes: Takes, problems: Problems): readonly Cidr[] {
  if (source.kind === 'url' || source.kind === 'countries') {
    if (takes !== 'fetched') problems.add(at, 'must stand in blocked: what the host fetches can only be dropped');
    return [];
  }
  const networks = readKnownSources(at, source, problems);
  if (takes !== 'known' && takes !== 'alone' && networks.some((c) => c.prefixList !== undefined)) {
    problems.add(
      at,
      'must name no prefix list here: only the security group knows them, which admits allowFrom and proxies',
    );
    return [];
  }
  if (takes === 'known' && networks.some(isPrefixListAlone)) {
    problems.add(at, 'must be networks here: the host does not know those of a prefix list');
    return [];
  }
  return networks;
}

/** What no address begins like. */
function isName(text: string): boolean {
  return /^[a-z][\w -]*$/i.test(text);
}

function ruleFor(name: string, lists: Lists | undefined): string {
  if (lists === undefined) return 'must be a CIDR block: a list cannot name another one';
  const near = didYouMean(name, lists.keys());
  const known = [...lists.keys()].join(', ');
  const hint =
    near !== undefined
      ? `did you mean ${near}?`
      : known === ''
        ? 'the stack has none of that name'
        : `lists are ${known}`;
  return `must be a CIDR block such as 203.0.113.0/24, or the name of a list (${hint})`;
}

/** Networks that stand alone, and the names of the lists beside them, each with its networks. */
export interface SplitSources {
  readonly alone: readonly Cidr[];
  readonly lists: ReadonlyMap<string, readonly Cidr[]>;
}

/** Takes the lists apart again, so that each is rendered once. */
export function splitSources(networks: readonly Cidr[]): SplitSources {
  const lists = new Map<string, Cidr[]>();
  for (const network of networks) {
    if (network.list === undefined) continue;
    lists.set(network.list, [...(lists.get(network.list) ?? []), network]);
  }
  return {
    alone: mergeCidrs(networks.filter((c) => c.list === undefined)),
    lists: new Map([...lists].map(([name, own]) => [name, mergeCidrs(own)])),
  };
}
