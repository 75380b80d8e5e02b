import type { Action } from './rule';

type Json = Readonly<Record<string, unknown>>;
type Dnat = Extract<Action, { readonly kind: 'dnat' }>;

/** An element of a map: what a packet has, and where it leads then. */
export interface Mapped {
  /** The ports of an element; undefined where the map shares connections. */
  readonly ports?: string;
  readonly protocol?: string;
  readonly action: Dnat;
}

/** Named maps by family, table and name: `ip nat services`. */
export type Maps = ReadonlyMap<string, readonly unknown[]>;

/**
 * The elements of a statement such as `dnat to tcp dport map { 80 : 10.0.1.20 . 8080 }`, or of
 * `dnat to numgen inc mod 2 map { 0 : 10.0.1.20, 1 : 10.0.1.21 }`. Undefined if it has no map, or one of other things.
 */
export function mappedOf(statement: Json, table: string, maps: Maps): readonly Mapped[] | undefined {
  const { dnat } = statement;
  if (!isObject(dnat)) return undefined;
  const { addr, port } = dnat;
  if (isObject(addr) && isObject(addr.map)) return ofAddresses(addr.map, numberOf(port), table, maps);
  if (isObject(port) && isObject(port.map) && typeof addr === 'string') return ofPorts(port.map, addr, table, maps);
  return undefined;
}

function ofAddresses(map: Json, port: string | undefined, table: string, maps: Maps): readonly Mapped[] | undefined {
  const elements = elementsOf(map, table, maps);
  const pairs = elements?.map(([key, value]) => ({ key, to: addressOf(value, port) }));
  if (pairs === undefined || pairs.some(({ to }) => to === undefined)) return undefined;
  const [first] = pairs;
  if (isObject(map.key) && 'numgen' in map.key) {
    // Shares that are equal: each number has a target of its own.
    const isEven = pairs.every(({ key, to }) => typeof key === 'number' && to?.ports === first?.to?.ports);
    if (!isEven || first?.to === undefined) return undefined;
    return [{ action: { ...first.to, addresses: pairs.flatMap(({ to }) => to?.addresses ?? []) } }];
  }
  return byPort(
    map,
    pairs.flatMap(({ key, to }) => (to === undefined ? [] : [{ key, action: to }])),
  );
}

function ofPorts(map: Json, address: string, table: string, maps: Maps): readonly Mapped[] | undefined {
  const pairs = elementsOf(map, table, maps)?.map(([key, value]) => ({ key, ports: numberOf(value) }));
  if (pairs === undefined || pairs.some(({ ports }) => ports === undefined)) return undefined;
  const actions = pairs.map(({ key, ports = '' }) => ({
    key,
    action: { kind: 'dnat', addresses: [address], ports } as const,
  }));
  return byPort(map, actions);
}

/** Only a map from the port of TCP or UDP says which packets are meant in a way that forwards can. */
function byPort(
  { key }: Json,
  pairs: readonly { readonly key: unknown; readonly action: Dnat }[],
): readonly Mapped[] | undefined {
  const payload = isObject(key) && isObject(key.payload) ? key.payload : undefined;
  if (payload?.field !== 'dport') return undefined;
  const protocol = payload.protocol === 'th' ? {} : { protocol: String(payload.protocol) };
  const mapped = pairs.map((pair) => ({ ports: portsOf(pair.key), ...protocol, action: pair.action }));
  return mapped.every(({ ports }) => ports !== undefined) ? (mapped as readonly Mapped[]) : undefined;
}

/** Pairs of key and value: the map's own, or those of a named one. */
function elementsOf({ data }: Json, table: string, maps: Maps): readonly (readonly [unknown, unknown])[] | undefined {
  const list =
    typeof data === 'string' ? maps.get(`${table} ${data.replace(/^@/, '')}`) : isObject(data) ? data.set : undefined;
  if (!Array.isArray(list) || list.length === 0) return undefined;
  return list.every((one) => Array.isArray(one) && one.length === 2) ? list : undefined;
}

/** `10.0.1.20`, or `10.0.1.20 . 8080`. */
function addressOf(value: unknown, port: string | undefined): Dnat | undefined {
  if (typeof value === 'string')
    return { kind: 'dnat', addresses: [value], ...(port === undefined ? {} : { ports: port }) };
  const [address, own, ...more] = isObject(value) && Array.isArray(value.concat) ? value.concat : [];
  const ports = numberOf(own);
  if (typeof address !== 'string' || ports === undefined || more.length > 0) return undefined;
  return { kind: 'dnat', addresses: [address], ports };
}

function numberOf(value: unknown): string | undefined {
  return typeof value === 'number' ? `${value}` : undefined;
}

/** A port, or a range of ports. */
function portsOf(value: unknown): string | undefined {
  const range = isObject(value) && Array.isArray(value.range) ? value.range : undefined;
  return range?.every((one) => typeof one === 'number') ? range.join('-') : numberOf(value);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
