import { block, type Line } from './block';
import type { RequestFacts } from './request-facts';

/** Once for all HTTP forwards: what targets are told of a request, and of nothing else. */
export function proxyDefaults(facts: RequestFacts): readonly Line[] {
  return [
    '',
    'proxy_http_version 1.1;',
    'proxy_connect_timeout 5s;',
    '# What the client connected to. Values that the client sent itself are replaced: anybody can write such headers.',
    `proxy_set_header Host ${facts.host};`,
    `proxy_set_header X-Forwarded-For ${facts.forwardedFor};`,
    `proxy_set_header X-Forwarded-Proto ${facts.scheme};`,
    `proxy_set_header X-Forwarded-Host ${facts.host};`,
    `proxy_set_header X-Forwarded-Port ${facts.port};`,
    'proxy_set_header X-Real-IP $remote_addr;',
    'proxy_set_header X-Forwarded-Prefix $portway_prefix;',
    "map '' $portway_prefix { default ''; }",
    "proxy_set_header X-Forwarded-Ssl '';",
    `proxy_set_header X-Request-ID ${facts.requestId};`,
    `proxy_set_header Forwarded "for=$portway_forwarded_for;proto=${facts.scheme}";`,
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
  ];
}
