import type { Ledger } from '../ledger';
import type { Options } from './context';
import type { Leaf } from './leaves';
import { ZONE } from './limits';
import type { Site } from './server';

type Props = Record<string, unknown>;

/** What a redirect has too; the other options concern targets. */
const OF_REDIRECTS = new Set(['limits', 'headers', 'hideHeaders', 'logs']);

interface Place {
  readonly leaf: Leaf;
  readonly options: Map<string, unknown>;
}

/**
 * The props of a forward that say what its sites say. In nginx a block inherits all or nothing of a directive, in Portway
 * places add to those above; so each path gets all its options, and only what all have in common moves up.
 */
export function placeProps(sites: readonly Site[], hsts: boolean, ledger: Ledger): Props {
  const places = sites.map(({ names, leaves }) => ({
    names,
    leaves: leaves.map((leaf): Place => ({ leaf, options: new Map(Object.entries(leaf.options)) })),
  }));
  const all = places.flatMap(({ leaves }) => leaves);
  const ofForward: Props = { ...(hsts ? moveHsts(all) : {}), ...moveUp(all) };
  const rest = places.find(({ names }) => names.length === 0);
  const hosts = places.filter(({ names }) => names.length > 0);
  // What stands beside hosts is inherited by them.
  const beside = rest === undefined ? {} : siteProps(rest.leaves, hosts.length === 0);
  const written: Record<string, unknown> = {};
  for (const { names, leaves } of hosts) {
    const props = siteProps(leaves, true);
    for (const name of names) {
      const [leaf] = leaves;
      if (written[name] === undefined) written[name] = props;
      else if (leaf !== undefined)
        ledger.remark('lost', leaf.leaf.said, `${name} is listed twice: the first server has it`);
    }
  }
  return { ...beside, ...ofForward, ...(hosts.length === 0 ? {} : { hosts: written }) };
}

function siteProps(leaves: readonly Place[], mayMoveUp: boolean): Props {
  const shared = mayMoveUp ? moveUp(leaves) : {};
  const whole = leaves.find(({ leaf }) => leaf.path === '/*');
  const others = leaves.filter((place) => place !== whole);
  // Paths would inherit what stands beside them.
  const alone =
    whole !== undefined &&
    (others.length === 0 || Object.keys(leafProps(whole)).every((name) => name === 'to' || name === 'redirectTo'));
  const merged = alone && (mayMoveUp || whole.options.size === 0);
  const routes = (merged ? others : leaves).map((place) => [place.leaf.path, leafProps(place)] as const);
  return {
    ...(merged ? leafProps(whole) : {}),
    ...shared,
    ...(routes.length === 0 ? {} : { routes: Object.fromEntries(routes) }),
  };
}

function leafProps({ leaf: { answer }, options }: Place): Props {
  const own = Object.fromEntries(options);
  if (answer.kind === 'redirect') return { redirectTo: answer.to, ...own };
  const { to, balance, failover } = answer.targets;
  return {
    to,
    ...(balance === undefined ? {} : { balance }),
    ...(failover === undefined ? {} : { failover }),
    ...answer.props,
    ...own,
  };
}

/** Takes away what all places have in common, and returns it. */
function moveUp(places: readonly Place[]): Props {
  const moved: Props = {};
  const names = new Set(places.flatMap(({ options }) => [...options.keys()]));
  for (const name of names) {
    const holders = places.filter(({ leaf }) => leaf.answer.kind === 'targets' || OF_REDIRECTS.has(name));
    const values = holders.map(({ options }) => options.get(name));
    if (values.length === 0 || values.some((value) => !isSame(value, values[0]))) continue;
    moved[name] = values[0];
    for (const { options } of places) options.delete(name);
  }
  return { ...moved, ...moveHeaders(places) };
}

/** Headers add up from place to place, so single ones move too. */
function moveHeaders(places: readonly Place[]): Props {
  const all = places.map(({ options }) => (options.get('headers') ?? {}) as Readonly<Record<string, string>>);
  const [first] = all;
  const common = Object.entries(first ?? {}).filter(([name, value]) => all.every((headers) => headers[name] === value));
  if (common.length === 0) return {};
  for (const [i, { options }] of places.entries()) {
    const left = Object.entries(all[i] ?? {}).filter(([name]) => !common.some(([moved]) => moved === name));
    if (left.length === 0) options.delete('headers');
    else options.set('headers', Object.fromEntries(left));
  }
  return { headers: Object.fromEntries(common) };
}

const HSTS = 'Strict-Transport-Security';

/** The header as `hsts`, if all places have the same. */
function moveHsts(places: readonly Place[]): Props {
  const values = places.map(({ options }) => {
    const headers = (options.get('headers') ?? {}) as Readonly<Record<string, string>>;
    return Object.entries(headers).find(([name]) => name.toLowerCase() === HSTS.toLowerCase());
  });
  const [first] = values;
  if (first === undefined || values.some((value) => value?.[1] !== first[1])) return {};
  const words = first[1]
    .split(';')
    .map((word) => word.trim().toLowerCase())
    .filter((word) => word !== '');
  const days = Number(/^max-age="?(\d+)"?$/.exec(words.find((word) => word.startsWith('max-age')) ?? '')?.[1]) / 86_400;
  const includeSubDomains = words.includes('includesubdomains');
  const preload = words.includes('preload');
  if (!Number.isInteger(days) || days < 1 || days > 3650 || (preload && (!includeSubDomains || days < 365))) return {};
  for (const { options } of places) {
    const headers = (options.get('headers') ?? {}) as Readonly<Record<string, string>>;
    const left = Object.entries(headers).filter(([name]) => name.toLowerCase() !== HSTS.toLowerCase());
    if (left.length === 0) options.delete('headers');
    else options.set('headers', Object.fromEntries(left));
  }
  const hsts = {
    ...(days === 365 ? {} : { maxAgeDays: days }),
    ...(includeSubDomains ? { includeSubDomains } : {}),
    ...(preload ? { preload } : {}),
  };
  return { hsts: Object.keys(hsts).length === 0 ? true : hsts };
}

function isSame(one: unknown, other: unknown): boolean {
  const zone = (value: unknown) => (value as (Options & { readonly [ZONE]?: string }) | undefined)?.[ZONE];
  return JSON.stringify(one) === JSON.stringify(other) && zone(one) === zone(other);
}
