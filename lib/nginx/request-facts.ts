import type { Protect } from '../forward/protect';
import { sharedPortOf, type WebForward } from '../forward/resolved';
import type { Header } from '../http/header';
import { type Block, block, type Line } from './block';
import { HOST, hostMaps } from './host';

/**
 * The variables that describe a request to targets, to the client and in the log. Trusted proxies may set some of them.
 */
export interface RequestFacts {
  readonly scheme: string;
  /** The host that the client asked for. */
  readonly host: string;
  /** The same, with the port that a trusted proxy reports if the client named none. */
  readonly publicHost: string;
  readonly port: string;
  /** The port that the client connected to. */
  readonly listener: string;
  readonly requestId: string;
  /** The client, followed by the proxies that the request came through. */
  readonly forwardedFor: string;
  /** Further headers of answers, if any forward has them. A header is left out if its variable is empty. */
  readonly headers: readonly Header[];
  /** Request headers that no target gets, beside those that are always blanked. */
  readonly blanked: readonly string[];
  /** What is told to the service that blocks sources; undefined: nothing. */
  readonly protect: Protect | undefined;
  /** Whether requests are logged a second time, for metrics. */
  readonly measured: boolean;
}

const DIRECT: RequestFacts = {
  scheme: '$scheme',
  host: HOST,
  publicHost: HOST,
  port: '$server_port',
  listener: '$server_port',
  requestId: '$request_id',
  forwardedFor: '$remote_addr',
  headers: [],
  blanked: [],
  protect: undefined,
  measured: false,
};

const PROXIED: RequestFacts = {
  scheme: '$portway_scheme',
  host: HOST,
  publicHost: '$portway_public_host',
  port: '$portway_port',
  listener: '$server_port',
  requestId: '$portway_request_id',
  forwardedFor: '$portway_chain',
  headers: [],
  blanked: [],
  protect: undefined,
  measured: false,
};

/** One set for all HTTP forwards. If none trusts proxies, no maps are needed. */
export function requestFacts(
  forwards: readonly WebForward[],
  { headers, blanked, protect, measured }: Pick<RequestFacts, 'headers' | 'blanked' | 'protect' | 'measured'>,
): RequestFacts {
  const facts = forwards.some((f) => f.trustedProxies?.by === 'x-forwarded-for') ? PROXIED : DIRECT;
  const found = { headers, blanked, protect, measured };
  if (!forwards.some((f) => sharedPortOf(f) !== undefined)) return { ...facts, ...found };
  return { ...facts, ...found, listener: LISTENER, port: facts === DIRECT ? LISTENER : facts.port };
}

const LISTENER = '$portway_listener';

/**
 * The port that the client connected to, also for connections handed over by a socket, which has no port. The same in
 * http and stream.
 */
export function listenerMap(): Block {
  return block(`map $server_port ${LISTENER}`, ["'' $proxy_protocol_server_port;", 'default $server_port;']);
}

/** The maps that set the facts. Without trusted proxies the facts equal nginx's built-ins. */
export function factMaps(facts: RequestFacts): readonly Line[] {
  const own = [...(facts.listener === LISTENER ? ['', listenerMap()] : []), ...hostMaps(facts)];
  if (facts.scheme === DIRECT.scheme) return own;
  return [
    ...own,
    '',
    '# A request came through a trusted proxy if the client address differs from the connection.',
    '# (So with the PROXY protocol, but its senders do not check headers: these still come from the client.)',
    block('map "$proxy_protocol_addr $realip_remote_addr $remote_addr" $portway_proxied', [
      '"~^ (?<peer>\\S+) \\k<peer>$" \'\';',
      '"~^ " 1;',
      "default '';",
    ]),
    block(`map "$portway_proxied $http_x_forwarded_proto" ${facts.scheme}`, [
      '"1 https" https;',
      '"1 http" http;',
      'default $scheme;',
    ]),
    block(`map "$portway_proxied $http_x_forwarded_port" ${facts.port}`, [
      '"~^1 (?<proxied_port>[0-9]{1,5})$" $proxied_port;',
      `default ${facts.listener};`,
    ]),
    block(`map "$portway_proxied $http_x_request_id" ${facts.requestId}`, [
      '"~^1 (?<proxied_id>[A-Za-z0-9._:-]{1,128})$" $proxied_id;',
      'default $request_id;',
    ]),
    block(`map "$portway_proxied ${facts.scheme}${facts.port} ${facts.host}" ${facts.publicHost}`, [
      `"~^1 (?!http80 |https443 )\\S+ (?<bare>[^:]+|\\[\\S+])$" $bare:${facts.port};`,
      `default ${facts.host};`,
    ]),
    '# Starts at the client, as reported by proxies; the client may have forged what comes before it.',
    block(`map "$portway_proxied $remote_addr $http_x_forwarded_for" ${facts.forwardedFor}`, [
      '"~^1 (?<from>\\S+) (?:.*[ ,])?(?<hops>\\k<from>(?:,.*)?)$" "$hops, $realip_remote_addr";',
      '"~^1 " "$remote_addr, $realip_remote_addr";',
      'default $remote_addr;',
    ]),
  ];
}
