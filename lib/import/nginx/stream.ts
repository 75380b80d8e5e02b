import type { ImportedForward } from '../imported';
import type { Ledger } from '../ledger';
import type { Directive } from './directives';
import { byAddress, zoneOf } from './limits';
import { Scope } from './scope';
import { isLoopback, type Listen, readListen } from './server';
import { readAccess, readNetwork } from './sources';
import { type Targets, targetsOf } from './targets';
import { seconds, within } from './units';

export interface StreamForwards {
  readonly forwards: readonly (readonly [string, ImportedForward])[];
  /** Public ports whose connections for other names go to a port on loopback, by that port: HTTPS may end there. */
  readonly moved: ReadonlyMap<string, string>;
  readonly hasIpv6: boolean;
}

interface Context {
  readonly stream: Scope;
  readonly upstreams: ReadonlyMap<string, Directive>;
  /** Ports on loopback where the block http ends TLS. */
  readonly securePorts: ReadonlySet<string>;
  readonly ledger: Ledger;
}

/** The forwards of the block `stream`. */
export function streamForwards(
  body: readonly Directive[],
  securePorts: ReadonlySet<string>,
  ledger: Ledger,
): StreamForwards {
  const stream = new Scope(body);
  const upstreams = new Map(stream.here('upstream').map((one) => [one.args[0] ?? '', one]));
  const context = { stream, upstreams, securePorts, ledger };
  const moved = new Map<string, string>();
  let hasIpv6 = false;
  const forwards = stream.here('server').flatMap((said) => {
    ledger.take(said);
    const server = new Scope(said.body ?? [], stream);
    const listens = server.here('listen').flatMap((one) => readListen(one) ?? []);
    const read = readServer(said, server, listens, context, moved);
    if (read === undefined) return [];
    hasIpv6 ||= read.hasIpv6;
    const ports = new Map(listens.filter((one) => !isLoopback(one)).map((one) => [`${one.port} ${isUdp(one)}`, one]));
    for (const one of listens) {
      const { said: listen, host } = one;
      if (host === '') ledger.take(listen);
      else if (isLoopback(one)) ledger.remark('own', listen, 'it listens on loopback, where no client comes');
      else ledger.remark('differs', listen, 'a forward listens on all addresses of the gateway');
    }
    return [...ports.values()].map((listen): readonly [string, ImportedForward] => {
      const kind = read.kind === 'tls' ? 'tls' : isUdp(listen) ? 'udp' : 'tcp';
      const { responses, ...props } = read.props;
      const all = {
        listen: /^\d+$/.test(listen.port) ? Number(listen.port) : listen.port,
        ...props,
        ...(kind === 'udp' && responses !== undefined ? { responses } : {}),
      };
      return [`${kind}${listen.port}`, { kind, props: all }];
    });
  });
  return { forwards, moved, hasIpv6 };
}

interface Read {
  readonly kind: 'tls' | 'transport';
  readonly props: Readonly<Record<string, unknown>>;
  readonly hasIpv6: boolean;
}

function isUdp({ parameters }: Listen): boolean {
  return parameters.includes('udp');
}

function readServer(
  said: Directive,
  server: Scope,
  listens: readonly Listen[],
  context: Context,
  moved: Map<string, string>,
): Read | undefined {
  const { ledger } = context;
  const [pass] = server.here('proxy_pass');
  if (pass === undefined || listens.length === 0) {
    ledger.remark('lost', said, 'nothing in it leads to a target');
    return undefined;
  }
  const secure = listens.find(({ parameters }) => parameters.includes('ssl'));
  if (secure !== undefined) {
    ledger.remark(
      'lost',
      said,
      `${secure.said.text}: TLS of other protocols than HTTP ends at the target: Forward.tcp or Forward.tls pass it through`,
    );
    return undefined;
  }
  const tls = server.last('proxy_ssl');
  if (tls?.args[0] === 'on') {
    ledger.remark('lost', said, 'forwards of TCP speak no TLS to targets');
    return undefined;
  }
  const options = readOptions(server, listens, context);
  const [to = ''] = pass.args;
  const byName = to.startsWith('$') ? sniOf(to, server, context) : undefined;
  if (byName !== undefined) {
    ledger.take(pass);
    return readNames(byName, options, listens, context, moved);
  }
  const targets = targetsOf(
    to.replace(':$server_port', `:${listens[0]?.port.split('-')[0]}`),
    context.upstreams,
    pass,
    undefined,
    ledger,
  );
  if (targets === undefined) return undefined;
  ledger.take(pass);
  return { kind: 'transport', props: { ...rangeProps(targets, to, listens), ...options }, hasIpv6: targets.hasIpv6 };
}

/** A range of ports leads to the same ports. */
function rangeProps(
  { to, balance, failover }: Targets,
  written: string,
  listens: readonly Listen[],
): Readonly<Record<string, unknown>> {
  const [listen] = listens;
  const range = listen?.port.includes('-') === true && written.endsWith(':$server_port') && typeof to === 'string';
  return {
    to: range ? `${to.slice(0, to.lastIndexOf(':'))}:${listen.port}` : to,
    ...(balance === undefined ? {} : { balance }),
    ...(failover === undefined ? {} : { failover }),
  };
}

/** The map from the name that clients ask for to the target. */
function sniOf(variable: string, server: Scope, { stream, ledger }: Context): Directive | undefined {
  const preread = server.last('ssl_preread');
  const map = stream.here('map').find(({ args }) => args[0] === '$ssl_preread_server_name' && args[1] === variable);
  if (preread?.args[0] !== 'on' || map === undefined) return undefined;
  ledger.take(preread, map);
  return map;
}

function readNames(
  map: Directive,
  options: Readonly<Record<string, unknown>>,
  listens: readonly Listen[],
  { upstreams, securePorts, ledger }: Context,
  moved: Map<string, string>,
): Read | undefined {
  const hosts: Record<string, unknown> = {};
  let beside: Record<string, unknown> = {};
  let hasIpv6 = false;
  for (const one of map.body ?? []) {
    const [target = ''] = one.args;
    if (one.name === 'hostnames' || one.name === 'volatile') {
      ledger.take(one);
      continue;
    }
    const targets = targetsOf(target, upstreams, one, undefined, ledger);
    if (targets === undefined) continue;
    ledger.take(one);
    hasIpv6 ||= targets.hasIpv6;
    const { to, balance } = targets;
    const props = { to, ...(balance === undefined ? {} : { balance }) };
    const names = one.name.startsWith('.') ? [one.name.slice(1), `*${one.name}`] : [one.name];
    const port = typeof to === 'number' && securePorts.has(`${to}`) ? listens[0]?.port : undefined;
    // HTTPS ends on the gateway itself: a Forward.https on the same port gets the names that are not listed here.
    if (port !== undefined) moved.set(`${to}`, port);
    else if (one.name === 'default') beside = props;
    else if (one.name.startsWith('~'))
      ledger.remark('lost', one, 'a host is a name such as www.example.com or *.example.com');
    else for (const name of names) hosts[name.toLowerCase()] = props;
  }
  // The first of several, since each must have the same.
  if (Object.keys(hosts).length > 0) return { kind: 'tls', props: { ...options, ...beside, hosts }, hasIpv6 };
  return beside.to === undefined ? undefined : { kind: 'transport', props: { ...beside, ...options }, hasIpv6 };
}

function readOptions(
  server: Scope,
  listens: readonly Listen[],
  { stream, ledger }: Context,
): Readonly<Record<string, unknown>> {
  const idle = server.last('proxy_timeout');
  const time = seconds(idle?.args[0]);
  const responses = server.last('proxy_responses');
  const send = server.last('proxy_protocol')?.args[0] === 'on';
  const accepts = listens.find(({ parameters }) => parameters.includes('proxy_protocol'));
  const from = server.all('set_real_ip_from').flatMap(({ args }) => readNetwork(args[0] ?? '') ?? []);
  ledger.take(idle, responses, server.last('proxy_protocol'), ...server.all('set_real_ip_from'));
  if (accepts !== undefined && from.length === 0)
    ledger.remark('lost', accepts.said, 'proxyProtocol.accept names the networks whose word counts (set_real_ip_from)');
  const accept = accepts !== undefined && from.length > 0 ? { accept: { from } } : {};
  const proxyProtocol = { ...accept, ...(send ? { send: true } : {}) };
  for (const name of [
    'proxy_connect_timeout',
    'proxy_next_upstream',
    'proxy_next_upstream_tries',
    'proxy_next_upstream_timeout',
  ]) {
    const said = server.last(name);
    if (said !== undefined)
      ledger.remark('own', said, 'a target has 5 s to accept a connection; failover says when the next one is tried');
  }
  return {
    ...readSources(server, ledger),
    ...readLimit(server, stream, ledger),
    ...(Object.keys(proxyProtocol).length === 0 ? {} : { proxyProtocol }),
    ...(time === undefined ? {} : { idleTimeout: within(time, 1, 86_400) }),
    ...(responses === undefined ? {} : { responses: Math.min(Number(responses.args[0]) || 0, 1000) }),
  };
}

function readSources(server: Scope, ledger: Ledger): Readonly<Record<string, unknown>> {
  const rules = server.all('allow', 'deny');
  const lists = readAccess(rules);
  for (const one of rules) {
    if (lists === undefined)
      ledger.remark(
        'unprotected',
        one,
        'allowFrom lists networks that may come, and denyFrom some that may not: this order says something else',
      );
    else ledger.take(one);
  }
  return { ...lists };
}

function readLimit(server: Scope, stream: Scope, ledger: Ledger): Readonly<Record<string, unknown>> {
  const said = server.last('limit_conn');
  if (said === undefined) return {};
  const zone = zoneOf(stream, 'limit_conn_zone', said.args[0]);
  const most = Number(said.args[1]);
  if (zone === undefined || !byAddress(zone) || !(most > 0)) {
    ledger.remark('unprotected', said, 'limits count clients by their address');
    return {};
  }
  ledger.take(said, zone);
  return { limits: { openConnections: Math.min(most, 65_535) } };
}
