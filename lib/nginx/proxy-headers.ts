import { blankedHeaders } from '../http/blanked-headers';
import type { Line } from './block';
import { connectionMap } from './connection-login';
import { DESTINATION, destinationMaps } from './destination';
import type { RequestFacts } from './request-facts';

/**
 * The headers that a target gets instead of the client's own, by nginx's directive for its protocol. A location that
 * lets some blanked headers pass (`passed`) must repeat all: nginx inherits either all of them or none.
 */
export function toldHeaders(
  protocol: 'proxy' | 'grpc',
  facts: RequestFacts,
  passed: readonly string[] = [],
): readonly Line[] {
  const headers = [
    ['Host', facts.host],
    ['X-Forwarded-For', facts.forwardedFor],
    ['X-Forwarded-Proto', facts.scheme],
    ['X-Forwarded-Host', facts.host],
    ['X-Forwarded-Port', facts.port],
    ['X-Real-IP', '$remote_addr'],
    ['X-Forwarded-Prefix', protocol === 'proxy' ? '$portway_prefix' : "''"],
    ['X-Request-ID', facts.requestId],
    // Spring takes the port only from here, and ignores X-Forwarded-Port.
    [
      'Forwarded',
      `"for=$portway_for_start$remote_addr$portway_for_end;host=\\"${facts.publicHost}\\";proto=${facts.scheme}"`,
    ],
  ];
  return [
    ...headers.map(([name, value]) => `${protocol}_set_header ${name} ${value};`),
    ...blankedHeaders(protocol, passed),
    ...facts.blanked.map((name) => `${protocol}_set_header ${name} '';`),
    ...(protocol === 'proxy'
      ? [
          `proxy_set_header Destination ${DESTINATION};`,
          'proxy_set_header Upgrade $portway_upgrade;',
          'proxy_set_header Connection $portway_connection;',
        ]
      : []),
  ];
}

/** Once for all HTTP forwards: what targets learn about a request. */
export function proxyDefaults(facts: RequestFacts): readonly Line[] {
  return [
    '',
    'proxy_http_version 1.1;',
    'proxy_connect_timeout 5s;',
    '# The URL that the client connected to, and none of its own claims on URL, host, scheme, method or address.',
    ...toldHeaders('proxy', facts),
    "map '' $portway_prefix { default ''; }",
    '# RFC 7239 quotes IPv6.',
    // Without a default, which nginx would warn of: it is one for IPv6 too.
    `geo $portway_for_start { ::/0 '"['; }`,
    `geo $portway_for_end { ::/0 ']"'; }`,
    '# An application that is unaware of TLS redirects to http on the public name.',
    `proxy_redirect http://${facts.host}/ ${facts.scheme}://${facts.host}/;`,
    ...destinationMaps(facts),
    ...ignoredCommands('proxy'),
    '# Only WebSocket upgrades pass: in an h2c tunnel a client could forge the headers above. NTLM closes its connection.',
    "map $http_upgrade $portway_upgrade { default ''; ~*^websocket$ websocket; }",
    connectionMap('$portway_upgrade'),
  ];
}

/**
 * Headers by which a target commands nginx: answer from another URL, limit the rate, set a charset. An application that
 * passes on foreign headers would let others use them. nginx itself hides them from clients. X-Accel-Buffering and
 * X-Accel-Expires stay, since they only concern the answer itself.
 */
export function ignoredCommands(protocol: 'proxy' | 'grpc'): readonly Line[] {
  const rest = protocol === 'proxy' ? ' X-Accel-Limit-Rate X-Accel-Charset' : '';
  return [`${protocol}_ignore_headers X-Accel-Redirect${rest};  # targets cannot command nginx`];
}
