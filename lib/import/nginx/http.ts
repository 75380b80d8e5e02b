import type { ImportedForward } from '../imported';
import type { Ledger } from '../ledger';
import type { ServerContext } from './context';
import type { Directive } from './directives';
import type { Leaf } from './leaves';
import { listenerProps, tlsProps } from './listener-props';
import { placeProps } from './places';
import { Scope } from './scope';
import { isLoopback, type Listen, readServer, type Server, type Site, sitesOf } from './server';

interface Listener {
  readonly port: string;
  readonly secure: boolean;
  /** Whether the first server says that it is for all other names. */
  readonly hasDefault: boolean;
  readonly servers: readonly Server[];
}

export interface HttpForwards {
  readonly forwards: ReadonlyMap<string, ImportedForward>;
  readonly hasIpv6: boolean;
}

/**
 * The forwards of HTTP and HTTPS of the block `http`.
 * @param moved public ports, by the port on loopback that the block `stream` leads them to
 */
export function httpForwards(
  body: readonly Directive[],
  moved: ReadonlyMap<string, string>,
  ledger: Ledger,
): HttpForwards {
  const http = new Scope(body);
  const upstreams = new Map(http.here('upstream').map((one) => [one.args[0] ?? '', one]));
  const servers = http.here('server').map((one) => readServer(one, http, { ledger, http }));
  const listeners = listenersOf(servers, moved, ledger);
  const context = { ledger, http, upstreams };
  // HTTPS first: redirects lead to it.
  const read = [...listeners.filter((one) => one.secure), ...listeners.filter((one) => !one.secure)].map((one) => ({
    one,
    sites: allSites(one, context),
  }));
  const securePorts = read.filter(({ one, sites }) => one.secure && sites.length > 0).map(({ one }) => one.port);
  const kept = read
    .map(({ one, sites }) => ({ one, sites: withoutDeadEnds(sites, securePorts, ledger) }))
    .filter(({ sites }) => sites.length > 0);
  const leavesOfAll = kept.flatMap(({ sites }) => sites.flatMap(({ leaves }) => leaves));
  const webIsOpen = kept.some(({ one, sites }) => !one.secure && one.port === '80' && sites.every(isOpen));
  const forwards = kept.map(({ one, sites }) => forwardOf(one, sites, webIsOpen, ledger));
  return {
    forwards: new Map(forwards),
    hasIpv6: leavesOfAll.some(({ answer }) => answer.kind === 'targets' && answer.targets.hasIpv6),
  };
}

function listenersOf(
  servers: readonly Server[],
  moved: ReadonlyMap<string, string>,
  ledger: Ledger,
): readonly Listener[] {
  const ports = new Map<string, { server: Server; listen: Listen }[]>();
  for (const server of servers) {
    const seen = new Set<string>();
    for (const listen of server.listens) {
      const port = isLoopback(listen) ? moved.get(listen.port) : listen.port;
      tellListen(listen, port, ledger);
      if (port === undefined || seen.has(port)) continue;
      seen.add(port);
      ports.set(port, [...(ports.get(port) ?? []), { server, listen }]);
    }
    if (seen.size === 0) ledger.remark('lost', server.said, 'no client reaches it');
  }
  return [...ports].map(([port, entries]) => {
    const isDefault = ({ server }: { server: Server }) =>
      server.listens.some(
        (listen) =>
          (moved.get(listen.port) ?? listen.port) === port &&
          listen.parameters.some((word) => word === 'default_server' || word === 'default'),
      );
    const stated = entries.find(isDefault);
    const first = stated ?? entries[0];
    const ordered = [...entries.filter((entry) => entry === first), ...entries.filter((entry) => entry !== first)];
    return {
      port,
      secure: ordered.some(isSecure),
      hasDefault: stated !== undefined,
      servers: ordered.map(({ server }) => server),
    };
  });
}

function isSecure({ server, listen }: { readonly server: Server; readonly listen: Listen }): boolean {
  const old = server.scope.last('ssl')?.args[0] === 'on' && listen.port !== '80';
  return old || listen.parameters.includes('ssl') || listen.parameters.includes('quic');
}

function tellListen(listen: Listen, port: string | undefined, ledger: Ledger): void {
  const { said, host } = listen;
  if (port === undefined)
    ledger.remark(
      'lost',
      said,
      'it listens on loopback, where no client comes: lead forwards to what stands behind it',
    );
  else if (host !== '' && !isLoopback(listen))
    ledger.remark('differs', said, 'a forward listens on all addresses of the gateway');
  else if (said.args[0]?.startsWith('[::]'))
    ledger.remark('own', said, 'forwards listen on IPv6 too where the gateway has it (ipv6: true)');
  else ledger.take(said);
}

function allSites(
  listener: Listener,
  context: Omit<ServerContext, 'server' | 'serverName' | 'plain' | 'usualPort'>,
): readonly Site[] {
  const { secure, servers } = listener;
  return servers.flatMap((server, i) =>
    sitesOf(server, i === 0 && catchesAll(server, listener, context.ledger), {
      ...context,
      serverName: server.names.find((name) => !name.startsWith('*')),
      server: server.said,
      plain: !secure,
      usualPort: listener.port === (secure ? '443' : '80'),
    }),
  );
}

/** Whether the first server is meant for all other names too. */
function catchesAll({ said, names }: Server, { hasDefault, servers }: Listener, ledger: Ledger): boolean {
  if (hasDefault || names.length === 0 || servers.length === 1) return true;
  ledger.remark('differs', said, 'other names get no answer: nginx gives them to the first server');
  return false;
}

/** Without redirects to an HTTPS forward that is not there. */
function withoutDeadEnds(sites: readonly Site[], securePorts: readonly string[], ledger: Ledger): readonly Site[] {
  const keep = ({ answer, said }: Leaf) => {
    if (answer.kind !== 'redirect' || answer.to !== 'https' || securePorts.length > 0) return true;
    ledger.remark('lost', said, "redirectTo: 'https' needs a forward of HTTPS: none was read here");
    return false;
  };
  return sites.map((site) => ({ ...site, leaves: site.leaves.filter(keep) })).filter(({ leaves }) => leaves.length > 0);
}

function isOpen({ leaves }: Site): boolean {
  return leaves.every(({ access }) => access.length === 0);
}

function forwardOf(
  { port, secure, servers }: Listener,
  sites: readonly Site[],
  webIsOpen: boolean,
  ledger: Ledger,
): readonly [string, ImportedForward] {
  const leaves = sites.flatMap((site) => site.leaves);
  const reached = servers.filter((server) =>
    sites.some(
      ({ names, leaves: own }) =>
        names.length === 0 || server.names.some((name) => names.includes(name)) || own.length === 0,
    ),
  );
  const props = {
    listen: /^\d+$/.test(port) ? Number(port) : port,
    ...listenerProps(reached, leaves, ledger),
    ...(secure ? tlsProps(reached, webIsOpen, ledger) : {}),
    ...placeProps(sites, secure, ledger),
  };
  const name = secure ? (port === '443' ? 'secure' : `secure${port}`) : port === '80' ? 'web' : `web${port}`;
  return [name, { kind: secure ? 'https' : 'http', props }];
}
