import { BALANCES } from '../forward/balance';
import { checkTargets } from '../forward/check-targets';
import { FAILOVER } from '../forward/failover';
import { isHostName } from '../forward/host-name';
import { Ids } from '../forward/ids';
import type { PortRange } from '../forward/ports';
import type { Problems } from '../forward/problems';
import { checkBalance } from '../forward/read-balance';
import { canFailOver } from '../forward/read-failover';
import { readObject, readRecord } from '../forward/read-object';
import { readTargets } from '../forward/read-props';
import type { HttpFeature } from './feature';
import { PATH_FEATURES, ROUTE_FEATURES, SITE_FEATURES } from './features';
import { HTTP_HOST, HTTP_PATH } from './known-props';
import { checkPassedBesideCache } from './pass-headers';
import { type Place, readPlace } from './read-place';
import type { HttpOptions, HttpRoute, HttpSite, HttpsPorts } from './route';
import type { HttpHostProps, HttpPathProps } from './route-props';
import { streamsAnswers } from './streams';
import type { PlaceValues } from './values';

const FORWARD_OR_HOST: readonly HttpFeature<object, object>[] = [...ROUTE_FEATURES, ...SITE_FEATURES];
const PATH: readonly HttpFeature<object, object>[] = [...ROUTE_FEATURES, ...PATH_FEATURES];

interface Context {
  readonly name: string;
  readonly kind: 'http' | 'https';
  readonly httpsPorts: HttpsPorts;
  readonly listen: PortRange;
  /** The most hosts of a fleet. Undefined: a single gateway. */
  readonly hosts: number | undefined;
}

/** What all places of a forward share: the context, and the names that are taken. */
interface Reading extends Context {
  readonly routeIds: Ids;
  readonly placeIds: Ids;
}

/** The props that an HTTP forward has in addition to those of a host. */
interface SitesProps extends HttpHostProps {
  readonly hosts?: Readonly<Record<string, HttpHostProps>>;
}

/** Characters that a path may hold unencoded (RFC 3986, section 3.3), except those that nginx reads differently. */
const PATH_TEXT = /^(\/[a-z0-9._~!()+,:=@-]*)+$/i;

/** The sites of an HTTP forward: one for each host name, and one for all others if the forward says where they lead. */
export function readSites(at: string, props: SitesProps, forward: Context, problems: Problems): readonly HttpSite[] {
  const context: Reading = { ...forward, routeIds: new Ids(), placeIds: new Ids() };
  const { hosts } = props;
  const rule = "must hold at least one host, such as { 'www.example.com': { to: 8080 } }";
  const entries = hosts === undefined ? [] : readRecord(`${at}.hosts`, hosts, rule, problems);
  if (entries === undefined) return [];
  const whole = read(at, props, FORWARD_OR_HOST, context.name, context, problems);
  const named = entries.flatMap(([host, value]) => {
    const where = `${at}.hosts[${JSON.stringify(host)}]`;
    if (!isHostName(host)) {
      problems.add(where, 'must be a host name in lower case such as www.example.com or *.example.com', host);
      return [];
    }
    const spec = { parts: HTTP_HOST, example: '{ to: 8080 }', required: true };
    const written = readObject(where, value, spec, problems) as HttpHostProps | undefined;
    if (written === undefined) return [];
    const id = `${context.name}.${host}`;
    const place = read(where, written, FORWARD_OR_HOST, id, context, problems, whole);
    return [{ host, ...site(where, written, place, id, context, problems) }];
  });
  // With hosts, requests for other names are refused unless something says where they lead.
  const others = hosts !== undefined && props.to === undefined && props.redirectTo === undefined && !props.routes;
  return [...named, ...(others ? [] : [site(at, props, whole, context.name, context, problems)])];
}

function site(
  at: string,
  props: HttpHostProps,
  place: Place,
  id: string,
  context: Reading,
  problems: Problems,
): HttpSite {
  const { errors } = place.holds;
  return {
    routes: readRoutes(at, props, place, id, context, problems),
    options: optionsOf(place.holds),
    ...(errors === undefined ? {} : { errors }),
  };
}

function read(
  at: string,
  props: SitesProps,
  features: readonly HttpFeature<object, object>[],
  id: string,
  { kind, httpsPorts, placeIds, hosts }: Reading,
  problems: Problems,
  above?: Place,
): Place {
  const place = {
    id: placeIds.take(id),
    kind,
    httpsPorts,
    props: { ...props },
    isLeaf: props.hosts === undefined && props.routes === undefined,
    targets: Array.isArray(props.to) ? props.to.length : 1,
    hosts,
  };
  return readPlace(at, { place, features, ...(above === undefined ? {} : { above }) }, problems);
}

/** The options of a server or location, without those that a route or site resolves further. */
function optionsOf(values: Partial<PlaceValues>): HttpOptions {
  const { redirect, balance, failover, cache, targetKeepAlive, protocol, streaming, stripPrefix, errors, ...options } =
    values;
  return options;
}

function readRoutes(
  at: string,
  props: HttpHostProps,
  place: Place,
  id: string,
  context: Reading,
  problems: Problems,
): readonly HttpRoute[] {
  const { routes } = props;
  const rule = "must hold at least one path, such as { '/api/*': { to: 8080 } }";
  const entries = routes === undefined ? [] : readRecord(`${at}.routes`, routes, rule, problems);
  if (entries === undefined) return [];
  const below = entries.flatMap(([path, value]) => {
    const where = `${at}.routes[${JSON.stringify(path)}]`;
    const parsed = parsePath(path);
    if (parsed === undefined) {
      problems.add(
        where,
        "must be a path such as '/health', or '/api/*' for all below it; letters, digits and - . _ ~ ! ( ) + , : = @ between the slashes",
        path,
      );
      return [];
    }
    const spec = { parts: HTTP_PATH, example: '{ to: 8080 }', required: true };
    const written = readObject(where, value, spec, problems) as HttpPathProps | undefined;
    if (written === undefined) return [];
    if (parsed.text === '/' && parsed.kind === 'prefix' && (props.to !== undefined || props.redirectTo !== undefined))
      problems.add(where, 'must not stand beside to or redirectTo, which apply to all paths', path);
    const within = read(where, written, PATH, `${id}${path}`, context, problems, place);
    const overrides = differences(optionsOf(within.stated), optionsOf(place.holds));
    return readRoute(where, written, { ...within, overrides }, parsed, `${id}${path}`, context, problems);
  });
  const whole = props.to !== undefined || props.redirectTo !== undefined || routes === undefined;
  return [
    ...(whole
      ? readRoute(at, props, { ...place, overrides: {} }, { kind: 'prefix', text: '/' }, id, context, problems)
      : []),
    ...below,
  ];
}

function differences(stated: HttpOptions, above: HttpOptions): Partial<HttpOptions> {
  return Object.fromEntries(
    Object.entries(stated).filter(([name, value]) => value !== above[name as keyof HttpOptions]),
  );
}

function readRoute(
  at: string,
  props: HttpPathProps,
  { holds, overrides }: Place & { readonly overrides: Partial<HttpOptions> },
  path: HttpRoute['path'],
  id: string,
  { kind, listen, routeIds }: Reading,
  problems: Problems,
): readonly HttpRoute[] {
  const before = problems.length;
  const targets = readTargets(at, { kind: 'http', props }, problems);
  const { redirect, protocol = 'http', streaming = false, stripPrefix = false } = holds;
  if (stripPrefix && (path.kind === 'exact' || path.text === '/' || redirect !== undefined))
    problems.add(`${at}.stripPrefix`, "must stand on a path such as '/api/*' that is forwarded", true);
  const { balance = BALANCES.http[0], failover = FAILOVER, cache = false, targetKeepAlive = true } = holds;
  checkBalance(at, { balance, targets, by: 'http' }, problems);
  // Streamed answers, gRPC and the gateway's own answers are never cached.
  const keeps = cache !== false && !streamsAnswers(streaming) && protocol !== 'grpc' && redirect === undefined;
  if (keeps) checkPassedBesideCache(at, holds.passHeaders, problems);
  if (problems.length > before) return [];
  checkTargets(at, { kind, engine: 'nginx', listen, targets }, problems);
  return [
    {
      path,
      id: routeIds.take(id),
      targets,
      ...(redirect === undefined ? {} : { redirect }),
      protocol,
      streaming,
      stripPrefix,
      options: optionsOf(holds),
      overrides,
      balance,
      ...(targetKeepAlive ? {} : { targetKeepAlive }),
      ...(canFailOver(targets) ? { failover } : {}),
      ...(keeps ? { cache } : {}),
    },
  ];
}

function parsePath(path: string): HttpRoute['path'] | undefined {
  const prefix = path.endsWith('/*');
  const text = prefix ? path.slice(0, -1) : path;
  // nginx resolves `//`, `/./` and `/../` before it compares paths, so these would never match.
  if (!PATH_TEXT.test(text) || /\/\/|\/\.{1,2}(\/|$)/.test(text)) return undefined;
  return { kind: prefix ? 'prefix' : 'exact', text };
}
