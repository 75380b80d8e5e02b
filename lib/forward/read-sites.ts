import { checkTargets } from './check-targets';
import { readErrorPage } from './error-page';
import { FAILOVER } from './failover';
import { isHostName } from './host-name';
import { type HttpDelivery, readHttpDelivery } from './http-delivery';
import { type HttpOptions, mergeHttpOptions, readHttpOptions } from './http-options';
import type { HttpHostProps, HttpPathProps, HttpRoute, HttpRouteProps, HttpSite, HttpsPorts } from './http-route';
import { Ids } from './ids';
import { HTTP_HOST, HTTP_PATH } from './known-props';
import { checkPassedBesideCache } from './pass-headers';
import type { Problems } from './problems';
import { checkBalance } from './read-balance';
import { canFailOver } from './read-failover';
import { readObject, readRecord } from './read-object';
import { readRedirect, readTargets } from './read-props';
import type { PortForward } from './resolved';
import { STREAMING, streamsAnswers } from './streaming';

interface Context {
  readonly name: string;
  readonly kind: 'http' | 'https';
  readonly httpsPorts: HttpsPorts;
  readonly listen: PortForward['listen'];
}

/** What is the same for all places of a forward: where it is read, and the names that are taken. */
interface Reading extends Context {
  readonly routeIds: Ids;
  readonly cacheIds: Ids;
}

/** What holds at a place: its own, and for the rest what stands above. */
interface Standing extends HttpDelivery {
  readonly options: HttpOptions;
}

/** What a host takes from its forward, and a path from its host, unless it says something else itself. */
const INHERITED = ['protocol', 'streaming'] as const satisfies readonly (keyof HttpRouteProps)[];

function inherit<T extends HttpRouteProps>(own: T, outer: HttpRouteProps): T {
  const said = INHERITED.filter((name) => outer[name] !== undefined).map((name) => [name, outer[name]]);
  return { ...Object.fromEntries(said), ...own };
}

/** What the props of an HTTP forward have beside those of a host. */
interface SitesProps extends HttpHostProps {
  readonly hosts?: Readonly<Record<string, HttpHostProps>>;
}

/** What may stand in a path without being encoded (RFC 3986, section 3.3), less what nginx would read in another way. */
const PATH = /^(\/[a-z0-9._~!()+,:=@-]*)+$/i;

/** The sites of an HTTP forward: one for each of its host names, and one for all others where it says what to do with them. */
export function readSites(at: string, props: SitesProps, forward: Context, problems: Problems): readonly HttpSite[] {
  const context: Reading = { ...forward, routeIds: new Ids(), cacheIds: new Ids() };
  const { hosts } = props;
  const rule = "must hold at least one host, such as { 'www.example.com': { to: 8080 } }";
  const entries = hosts === undefined ? [] : readRecord(`${at}.hosts`, hosts, rule, problems);
  if (entries === undefined) return [];
  const standing: Standing = {
    ...readHttpDelivery(at, props, context.cacheIds.take(context.name), problems),
    options: readHttpOptions(at, props, problems),
  };
  const errors = readErrorPage(`${at}.errors`, props.errors, problems);
  const named = entries.flatMap(([host, value]) => {
    const where = `${at}.hosts[${JSON.stringify(host)}]`;
    if (!isHostName(host)) {
      problems.add(where, 'must be a host name in lower case such as www.example.com or *.example.com', host);
      return [];
    }
    const spec = { parts: HTTP_HOST, example: '{ to: 8080 }', required: true };
    const own = readObject(where, value, spec, problems) as HttpHostProps | undefined;
    if (own === undefined) return [];
    const id = `${context.name}.${host}`;
    const within = readStanding(where, own, standing, context.cacheIds.take(id), problems);
    const page = own.errors === undefined ? errors : readErrorPage(`${where}.errors`, own.errors, problems);
    return [
      {
        host,
        routes: readRoutes(where, inherit(own, props), within, id, context, problems),
        options: within.options,
        ...(page === undefined ? {} : { errors: page }),
      },
    ];
  });
  // With hosts, what is not said of other names is a closed site and no mistake.
  const others = hosts !== undefined && props.to === undefined && props.redirectTo === undefined && !props.routes;
  const rest = () => ({
    routes: readRoutes(at, props, standing, context.name, context, problems),
    options: standing.options,
    ...(errors === undefined ? {} : { errors }),
  });
  return [...named, ...(others ? [] : [rest()])];
}

function readStanding(at: string, own: HttpPathProps, above: Standing, cacheId: string, problems: Problems): Standing {
  return {
    ...above,
    ...readHttpDelivery(at, own, cacheId, problems),
    options: mergeHttpOptions(above.options, readHttpOptions(at, own, problems)),
  };
}

function readRoutes(
  at: string,
  props: HttpHostProps,
  standing: Standing,
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
    const own = readObject(where, value, spec, problems) as HttpPathProps | undefined;
    if (own === undefined) return [];
    if (parsed.text === '/' && parsed.kind === 'prefix' && (props.to !== undefined || props.redirectTo !== undefined))
      problems.add(where, 'must not stand beside to or redirectTo, which say the same of all paths', path);
    const within = readStanding(where, own, standing, context.cacheIds.take(`${id}${path}`), problems);
    return readRoute(where, inherit(own, props), within, parsed, `${id}${path}`, context, problems);
  });
  const whole = props.to !== undefined || props.redirectTo !== undefined || routes === undefined;
  return [
    ...(whole ? readRoute(at, props, standing, { kind: 'prefix', text: '/' }, id, context, problems) : []),
    ...below,
  ];
}

function readRoute(
  at: string,
  props: HttpPathProps,
  standing: Standing,
  path: HttpRoute['path'],
  id: string,
  { kind, httpsPorts, listen, routeIds }: Reading,
  problems: Problems,
): readonly HttpRoute[] {
  const before = problems.length;
  const targets = readTargets(at, { kind: 'http', props }, problems);
  const redirect = readRedirect(at, props, httpsPorts, problems);
  const { protocol = 'http', streaming = false, stripPrefix = false } = props;
  if (protocol !== 'http' && protocol !== 'grpc') problems.add(`${at}.protocol`, 'must be http or grpc', protocol);
  if (protocol === 'grpc' && kind !== 'https')
    problems.add(
      `${at}.protocol`,
      'must be http here: gRPC needs HTTP/2, which clients speak over TLS (Forward.https)',
      protocol,
    );
  if (!STREAMING.includes(streaming))
    problems.add(`${at}.streaming`, "must be true or false, or 'answers' or 'requests' for one of both", streaming);
  if (typeof stripPrefix !== 'boolean') problems.add(`${at}.stripPrefix`, 'must be true or false', stripPrefix);
  if (stripPrefix && (path.kind === 'exact' || path.text === '/' || redirect !== undefined))
    problems.add(`${at}.stripPrefix`, "must stand on a path such as '/api/*' that is forwarded", true);
  const { balance = 'round-robin', failover = FAILOVER, cache = false, targetKeepAlive = true } = standing;
  checkBalance(at, { balance, targets, by: 'http' }, problems);
  // Answers that are passed on at once, of gRPC, or of the gateway itself are never kept.
  // Neither is an answer that could be kept.
  const keeps = cache !== false && !streamsAnswers(streaming) && protocol !== 'grpc' && redirect === undefined;
  if (keeps) checkPassedBesideCache(at, standing.options.passHeaders, problems);
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
      options: standing.options,
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
  // nginx looks at a path after it has put `//` and `/./` and `/../` right, so these would never be met.
  if (!PATH.test(text) || /\/\/|\/\.{1,2}(\/|$)/.test(text)) return undefined;
  return { kind: prefix ? 'prefix' : 'exact', text };
}
