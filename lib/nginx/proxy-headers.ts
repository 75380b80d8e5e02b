import { block, type Line } from './block';
import { liveMap } from './live';
import type { RequestFacts } from './request-facts';

/** What a target is told of a request, by nginx's directive for its protocol; `prefix` is the part of the path that was taken off. */
export function toldHeaders(protocol: 'proxy' | 'grpc', facts: RequestFacts, prefix: string): readonly Line[] {
  const headers = [
    ['Host', facts.host],
    ['X-Forwarded-For', facts.forwardedFor],
    ['X-Forwarded-Proto', facts.scheme],
    ['X-Forwarded-Host', facts.host],
    ['X-Forwarded-Port', facts.port],
    ['X-Real-IP', '$remote_addr'],
    ['X-Forwarded-Prefix', prefix],
    ['X-Forwarded-Ssl', "''"],
    ['X-Request-ID', facts.requestId],
    ['Forwarded', `"for=$portway_forwarded_for;proto=${facts.scheme}"`],
  ];
  return headers.map(([name, value]) => `${protocol}_set_header ${name} ${value};`);
}

/** Once for all HTTP forwards: what targets are told of a request, and of nothing else. */
export function proxyDefaults(facts: RequestFacts): readonly Line[] {
  return [
    '',
    'proxy_http_version 1.1;',
    'proxy_connect_timeout 5s;',
    '# What the client connected to. Values that the client sent itself are replaced: anybody can write such headers.',
    ...toldHeaders('proxy', facts, '$portway_prefix'),
    "map '' $portway_prefix { default ''; }",
    block('map $remote_addr $portway_forwarded_for', [
      '~: "\\"[$remote_addr]\\"";  # RFC 7239 quotes IPv6',
      'default $remote_addr;',
    ]),
    '# An application that knows nothing of TLS redirects to http on the public name.',
    `proxy_redirect http://${facts.host}/ ${facts.scheme}://${facts.host}/;`,
    '# A WebSocket handshake passes, and no other upgrade: in a tunnel of h2c a client could write the headers above itself.',
    '# For all else an empty header keeps the connection to the target open.',
    'proxy_set_header Upgrade $portway_upgrade;',
    'proxy_set_header Connection $portway_connection;',
    block('map $http_upgrade $portway_upgrade', ["default '';", '~*^websocket$ websocket;']),
    block('map $portway_upgrade $portway_connection', ["default '';", 'websocket upgrade;']),
    ...liveMap(),
  ];
}
