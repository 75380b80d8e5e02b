import { canFailOver } from '../forward/read-failover';
import type { StreamForward, TlsForward } from '../forward/resolved';
import type { TlsHost } from '../forward/tls-hosts';
import { type Block, block, type Line } from './block';
import { handOver, NGINX_PATHS, variableName } from './names';
import { shareLines } from './share';
import { bindSource, SOURCE_ADDRESS, staysHere } from './source-address';
import { KEEPALIVE, listenParameter, streamClient } from './trusted-proxies';
import { destination, type Group, upstream } from './upstream';
import { wildcards } from './wildcards';

/** The name that a client asks for, read from its first message. TLS passes to the target unchanged. */
const ASKED = '$ssl_preread_server_name';

/** How long nginx waits for that message to be complete. */
const PREREAD = ['ssl_preread on;', 'preread_timeout 10s;'];

/** Longer than any idle timeout behind it: the forward that takes the connection decides when it ends. */
const HAND_OVER_TIMEOUT = 'proxy_timeout 25h;';

/** Once for all TLS forwards. nginx accepts these lines only before the first map. */
export function sniDefaults(forwards: readonly StreamForward[]): readonly Line[] {
  const hosts = forwards
    .filter((f) => f.kind === 'tls')
    .flatMap((f) => [...f.tlsHosts.map((h) => h.host ?? ''), ...(f.sharedPort?.httpsHosts ?? [])]);
  return hosts.some((host) => host.length > 40)
    ? ['map_hash_bucket_size 512;  # for the longest of the names below']
    : [];
}

/** A TLS forward's groups of targets and its servers. `lines` are those of every stream server. */
export function tlsServers(forward: TlsForward, lines: readonly Line[]): readonly Line[] {
  const { name, tlsHosts, sharedPort } = forward;
  const leads = variableName('leads', name);
  const own = tlsHosts.flatMap(({ host, ...h }) =>
    host === undefined ? [] : [entry(host, destination(group(h, forward)))],
  );
  const others = tlsHosts.find((h) => h.host === undefined);
  const rest = others === undefined ? NGINX_PATHS.closed : destination(group(others, forward));
  const sources = sourceAddresses(forward);
  const listens = sharedPort === undefined ? listeners(forward) : [`listen ${handOver(name)} proxy_protocol;`];
  return [
    ...tlsHosts.flatMap((h) => upstream(group(h, forward), [])),
    block(`map ${ASKED} ${leads}`, ['hostnames;', ...own, `default ${rest};`]),
    ...sources.map,
    block('server', [
      ...listens,
      ...streamClient(forward),
      ...lines,
      ...PREREAD,
      ...sources.line,
      `proxy_pass ${leads};`,
    ]),
    ...(sharedPort === undefined ? [] : front(forward, sharedPort)),
  ];
}

/** The address that connections to each host's targets come from. If empty, the kernel chooses. */
function sourceAddresses({ name, tlsHosts }: TlsForward): {
  readonly map: readonly Block[];
  readonly line: readonly Line[];
} {
  const own = tlsHosts.filter(staysHere);
  if (own.length === 0) return { map: [], line: [] };
  const others = tlsHosts.filter((h) => !staysHere(h));
  const source = (h: TlsHost) => (staysHere(h) ? SOURCE_ADDRESS : "''");
  const entries = tlsHosts.flatMap((h) => (h.host === undefined ? [] : [entry(h.host, source(h))]));
  const rest = tlsHosts.find((h) => h.host === undefined);
  if (others.length === 0 && rest !== undefined) return { map: [], line: bindSource(rest, 'proxy') };
  const variable = variableName('source', name);
  const lines = ['hostnames;', ...entries, `default ${rest === undefined ? "''" : source(rest)};`];
  return { map: [block(`map ${ASKED} ${variable}`, lines)], line: [`proxy_bind ${variable};`] };
}

/**
 * The server of a port that an HTTPS forward shares. It passes the client's address to both forwards by the PROXY
 * protocol. A server sends it to all of its targets or to none, so targets that do not speak it have a server of their
 * own, above.
 */
function front(forward: TlsForward, { https, httpsHosts }: NonNullable<TlsForward['sharedPort']>): readonly Line[] {
  const takes = variableName('takes', forward.name);
  // Clients of both, and those that have not sent a name yet.
  const both = shareLines({ name: `${forward.name}.port`, share: 2 * (forward.share ?? 0) });
  const own = forward.tlsHosts.flatMap(({ host }) => (host === undefined ? [] : [entry(host, handOver(forward.name))]));
  return [
    `# Port ${forward.listen.from} is for ${https} too, which takes all other names.`,
    block(`map ${ASKED} ${takes}`, [
      'hostnames;',
      ...own,
      ...httpsHosts.map((host) => entry(host, handOver(https))),
      `default ${handOver(https)};`,
    ]),
    ...both.zone,
    block('server', [
      ...listeners(forward),
      ...both.lines,
      ...streamClient({ ...forward, sharedPort: undefined, sendsProxyProtocol: true }),
      ...PREREAD,
      'access_log off;',
      HAND_OVER_TIMEOUT,
      `proxy_pass ${takes};`,
    ]),
  ];
}

/** Refuses TLS for unknown names, as an HTTPS forward does that only serves its hosts. */
export function closedNames(forwards: readonly StreamForward[]): readonly Line[] {
  if (!forwards.some((f) => f.kind === 'tls' && closes(f))) return [];
  return [
    '',
    '# Where TLS forwards send unknown names.',
    block('server', [
      `listen ${NGINX_PATHS.closed} ssl;`,
      'access_log off;',
      'ssl_reject_handshake on;',
      // Clients that do not speak TLS: error pages lead to both.
      block('location /', ['return 444;']),
      block('location @portway', ['return 444;']),
    ]),
  ];
}

function closes({ tlsHosts }: TlsForward): boolean {
  return tlsHosts.every((h) => h.host !== undefined);
}

function group({ id, targets, balance }: TlsHost, { failover }: TlsForward): Group {
  return { id, targets, balance, ...(failover !== undefined && canFailOver(targets) ? { failover } : {}) };
}

function listeners(forward: TlsForward): readonly Line[] {
  return wildcards(forward.listen).map((address) => `listen ${address}${KEEPALIVE}${listenParameter(forward)};`);
}

/** Some words have a special meaning in a map. */
function entry(host: string, to: string): Line {
  return `${/^(default|hostnames|include|volatile)$/.test(host) ? '\\' : ''}${host} ${to};`;
}
