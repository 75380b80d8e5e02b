import { ImportError } from '../imported';
import { readNetwork } from '../nginx/sources';
import { type Maps, mappedOf } from './nft-map';
import type { Action, Match, Rule, Ruleset } from './rule';

type Json = Readonly<Record<string, unknown>>;

/** Names of the kernel's hooks in iptables, which the rest of this folder speaks. */
const HOOKS: Readonly<Record<string, string>> = {
  prerouting: 'PREROUTING',
  input: 'INPUT',
  forward: 'FORWARD',
  output: 'OUTPUT',
  postrouting: 'POSTROUTING',
};

/** The output of `nft -j list ruleset`. @throws ImportError */
export function readNft(file: string, text: string): Ruleset {
  const items = itemsOf(file, text);
  const sets = new Map(
    items.flatMap(({ set }) => (isObject(set) ? [[keyOf(set, 'name'), listOf(set.elem)] as const] : [])),
  );
  const chains = new Map<string, Rule[]>();
  const closed = new Set<string>();
  const places = new Map<string, string>();
  for (const { chain } of items) {
    if (!isObject(chain)) continue;
    const hook = HOOKS[String(chain.hook)];
    const table = chain.type === 'nat' ? 'nat' : chain.type === 'filter' && hook !== 'PREROUTING' ? 'filter' : 'raw';
    if (hook === undefined) continue;
    places.set(keyOf(chain, 'name'), `${table} ${hook}`);
    if (chain.policy === 'drop') closed.add(`${table} ${hook}`);
  }
  const maps = new Map(
    items.flatMap(({ map }) => (isObject(map) ? [[keyOf(map, 'name'), listOf(map.elem)] as const] : [])),
  );
  const tables = tablesOf(items, places);
  const all: Rule[] = [];
  for (const { rule } of items) {
    if (!isObject(rule)) continue;
    const key = keyOf(rule, 'chain');
    const { family = '', table = '', chain = '', handle = '' } = rule;
    const said = { file, line: 1, text: `${family} ${table} ${chain} handle ${handle}: ${wordsOf(rule.expr)}` };
    const read = rulesOf(listOf(rule.expr), `${family} ${table}`, sets, maps).map((one): Rule => ({ ...said, ...one }));
    all.push(...read);
    // A chain may be called from chains of several hooks.
    for (const place of places.has(key)
      ? [places.get(key) ?? '']
      : [...(tables.get(`${family} ${table}`) ?? [])].map((one) => `${one} ${chain}`))
      chains.set(place, [...(chains.get(place) ?? []), ...read]);
  }
  if (all.length === 0) throw new ImportError({ file }, 'has no rule');
  return { chains, closed, all };
}

function itemsOf(file: string, text: string): readonly Json[] {
  try {
    const { nftables } = JSON.parse(text) as Json;
    if (Array.isArray(nftables)) return nftables.filter(isObject);
  } catch {
    // Told below.
  }
  throw new ImportError({ file }, 'is not the output of nft -j list ruleset');
}

/** The tables of iptables that a table of nftables has chains of. */
function tablesOf(
  items: readonly Json[],
  places: ReadonlyMap<string, string>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const tables = new Map<string, Set<string>>();
  for (const { chain } of items) {
    if (!isObject(chain)) continue;
    const key = `${chain.family} ${chain.table}`;
    const place = places.get(keyOf(chain, 'name'));
    if (place !== undefined) tables.set(key, new Set([...(tables.get(key) ?? []), place.split(' ')[0] ?? '']));
  }
  return tables;
}

function keyOf(one: Json, name: string): string {
  return `${one.family} ${one.table} ${one[name]}`;
}

type Open = { -readonly [K in keyof Match]: Match[K] } & { unknown: string[] };

interface Read {
  readonly match: Match;
  readonly action: Action;
}

/** A rule, or one for each element of the map in it. */
function rulesOf(
  expressions: readonly unknown[],
  table: string,
  sets: ReadonlyMap<string, readonly unknown[]>,
  maps: Maps,
): readonly Read[] {
  const rule = ruleOf(expressions, table, sets);
  const mapped = expressions.filter(isObject).flatMap((one) => mappedOf(one, table, maps) ?? []);
  if (mapped.length === 0) return [rule];
  return mapped.map(({ ports, protocol, action }) => ({
    match: {
      ...rule.match,
      ...(ports === undefined ? {} : { ports: [ports] }),
      ...(protocol === undefined ? {} : { protocol }),
    },
    action,
  }));
}

function ruleOf(expressions: readonly unknown[], table: string, sets: ReadonlyMap<string, readonly unknown[]>): Read {
  const match: Open = { unknown: [] };
  let action: Action = { kind: 'none' };
  for (const one of expressions.filter(isObject)) {
    const [[name = '', value] = []] = Object.entries(one);
    const verdict = verdictOf(name, value);
    if (verdict !== undefined) action = verdict;
    else if (name === 'match' && isObject(value)) addMatch(value, table, sets, match);
    else if (!['counter', 'log', 'comment', 'reject', 'xt', 'notrack', 'limit'].includes(name))
      match.unknown.push(name);
    else if (name === 'limit') match.unknown.push('limit');
    else if (name === 'xt') match.unknown.push(`a match of iptables (${JSON.stringify(value)})`);
    if (name === 'reject') action = { kind: 'drop' };
  }
  return { match, action };
}

function verdictOf(name: string, value: unknown): Action | undefined {
  const plain: Readonly<Record<string, Action>> = {
    accept: { kind: 'accept' },
    drop: { kind: 'drop' },
    return: { kind: 'return' },
    masquerade: { kind: 'masquerade' },
    snat: { kind: 'masquerade' },
  };
  if (plain[name] !== undefined) return plain[name];
  if ((name === 'jump' || name === 'goto') && isObject(value)) return { kind: name, chain: String(value.target) };
  if (name !== 'dnat' && name !== 'redirect') return undefined;
  const { addr, port } = isObject(value) ? value : {};
  const addresses = name === 'redirect' ? [''] : [textOf(addr)];
  const ports = textOf(port);
  // A map of ports to addresses has no counterpart: such a rule leads nowhere that is known.
  if (addresses.includes(undefined as never) || (port !== undefined && ports === undefined))
    return { kind: 'other', name: 'a map' };
  return { kind: 'dnat', addresses: addresses as string[], ...(ports === undefined ? {} : { ports }) };
}

function addMatch(said: Json, table: string, sets: ReadonlyMap<string, readonly unknown[]>, match: Open): void {
  const { op, left, right } = said;
  const values = valuesOf(right, table, sets);
  const known =
    values !== undefined &&
    (op === '==' || op === 'in' || op === '!=') &&
    isObject(left) &&
    addCondition(left, values, op === '!=', match);
  if (!known) match.unknown.push(JSON.stringify({ left, op, right }).slice(0, 60));
}

/** @returns whether a forward can have such a condition */
function addCondition({ meta, payload, ct }: Json, values: readonly string[], not: boolean, match: Open): boolean {
  const [value = ''] = values;
  if (isObject(meta)) {
    if (meta.key === 'nfproto') return true;
    if (values.length > 1) return false;
    if (meta.key === 'iifname' || meta.key === 'iif') match[not ? 'notInside' : 'inside'] = value;
    else if (not) return false;
    else if (meta.key === 'oifname' || meta.key === 'oif') match.outside = value;
    else if (meta.key === 'l4proto') match.protocol = value;
    else return false;
    return true;
  }
  if (isObject(payload)) return addHeaderCondition(payload, values, not, match);
  if (!isObject(ct) || not) return false;
  if (ct.key === 'state') match.states = values.map((state) => state.toUpperCase());
  else if (ct.key === 'status' && values.includes('dnat')) match.states = ['DNAT'];
  else return false;
  return true;
}

function addHeaderCondition(
  { protocol = '', field = '' }: Json,
  values: readonly string[],
  not: boolean,
  match: Open,
): boolean {
  if (field === 'saddr' || (field === 'daddr' && !not)) {
    const networks = values.flatMap((value) => readNetwork(value) ?? []);
    if (networks.length < values.length) return false;
    if (!networks.some((one) => one.endsWith('/0')))
      match[field === 'daddr' ? 'to' : not ? 'notFrom' : 'from'] = networks;
    return true;
  }
  if (not) return false;
  if (field === 'protocol' || field === 'nexthdr') {
    [match.protocol] = values as [string];
    return values.length === 1;
  }
  if (field !== 'dport' && field !== 'type') return false;
  if (protocol !== 'th') match.protocol = String(protocol);
  match.ports = values;
  return true;
}

/** The texts of a value, of a set, or of a named set. */
function valuesOf(
  right: unknown,
  table: string,
  sets: ReadonlyMap<string, readonly unknown[]>,
): readonly string[] | undefined {
  const named = typeof right === 'string' && right.startsWith('@') ? sets.get(`${table} ${right.slice(1)}`) : undefined;
  const list = named ?? (isObject(right) && 'set' in right ? listOf(right.set) : listOf(right));
  const texts = list.map(textOf);
  return texts.length === 0 || texts.includes(undefined) ? undefined : (texts as string[]);
}

/** A port, a range of ports, an address or a network. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  if (!isObject(value)) return undefined;
  const { prefix, range, elem } = value;
  if (isObject(prefix)) return `${prefix.addr}/${prefix.len}`;
  if (Array.isArray(range) && range.every((one) => typeof one === 'number')) return range.join('-');
  return isObject(elem) ? textOf(elem.val) : undefined;
}

function wordsOf(expressions: unknown): string {
  return JSON.stringify(expressions) ?? '';
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
