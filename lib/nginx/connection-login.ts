import type { WebForward } from '../forward/resolved';
import { block, type Line } from './block';
import { upstreamName } from './names';

/**
 * NTLM authenticates a client once for each connection, and Negotiate may too: all later requests on that connection
 * are then that user's. nginx shares its connections to targets among clients, so a connection that carried such a
 * login must end with its request. The target is asked to close it (RFC 9112, 9.6).
 * @see https://www.rfc-editor.org/rfc/rfc4559#section-6
 */
const SCHEMES = 'NTLM|Nego|Kerberos|CredSSP';

/**
 * Once for all HTTP forwards: `$portway_connection`, the value of `Connection` towards targets. `upgrade` is the
 * variable with the protocol to switch to: websocket, or nothing. A request with neither is found without a pattern.
 */
export function connectionMap(upgrade: string): Line {
  // Not "upgrade, close" for a WebSocket: some targets understand only one of the two.
  return block(`map "${upgrade} $http_authorization" $portway_connection`, [
    "' ' '';",
    `"~*^\\S* (${SCHEMES})" close;`,
    '~^websocket upgrade;',
    "default '';",
  ]);
}

/**
 * What may stand before a scheme in `WWW-Authenticate`: other schemes with parameters, whose quoted text may look like
 * a scheme.
 */
const BEFORE = '^(?:[^"]*"[^"]*")*(?:[^"]*,)? *';

/**
 * Once for all HTTP forwards: `$portway_login`, the scheme of a login by connection that a target asks for. It is empty
 * for other answers, and where clients share no connection. Only the error log uses it, so other requests pay nothing.
 * nginx before 1.23 sees only the first `WWW-Authenticate` of an answer.
 */
export function loginMaps(forwards: readonly WebForward[]): readonly Line[] {
  const unshared = forwards
    .flatMap((f) => f.sites.flatMap((site) => site.routes))
    .filter((route) => route.targetKeepAlive === false && route.targets.length > 0);
  const asked = unshared.length > 0 ? '$portway_challenge' : '$portway_login';
  return [
    `map $upstream_http_www_authenticate ${asked} { '~*${BEFORE}(?<login>NTLM|Negotiate)(?: |,|$)' $login; }`,
    ...(unshared.length > 0
      ? [
          block('map $proxy_host $portway_login', [
            // Written as patterns: long names would need larger hash buckets.
            ...unshared.map(({ id }) => `~^${upstreamName(id).replaceAll('.', '\\.')}$ '';`),
            `default ${asked};`,
          ]),
        ]
      : []),
  ];
}
