import type { PortForward } from '../forward/resolved';
import { sourceCheck, sourceMap } from './access';
import { type Block, block, type Line } from './block';
import type { NginxDialect } from './dialect';
import { httpLog } from './logging';
import { NGINX_PATHS } from './names';
import { tlsLines, tlsSession } from './tls';
import { passTo, resolver, upstream } from './upstream';

/** The http context: HTTP and HTTPS forwards, and the answer that proves which configuration runs. */
export function httpContext(forwards: readonly PortForward[], dialect: NginxDialect, generation: string): Block {
  const own = forwards.filter((f) => f.kind === 'http' || f.kind === 'https');
  return block('http', [
    'server_tokens off;',
    // What the gateway says of itself must not depend on a mime.types file; targets set the types of their answers.
    'default_type application/octet-stream;',
    ...httpLog(),
    ...(own.length > 0 ? proxyDefaults() : []),
    ...resolver(own),
    ...(own.some((f) => f.kind === 'https') ? tlsSession() : []),
    '',
    '# Asked by the host after each start and reload: which configuration is running?',
    block('server', [
      `listen unix:${NGINX_PATHS.socket};`,
      'access_log off;',
      block('location = /generation', [`return 200 "${generation}";`]),
      block('location /', ['return 404;']),
    ]),
    ...own.flatMap((forward) => [
      '',
      `# ${forward.name}`,
      ...sourceMap(forward),
      ...group(forward),
      server(forward, dialect),
    ]),
  ]);
}

function proxyDefaults(): readonly Line[] {
  return [
    '',
    '# Large uploads are for the application to refuse; the bound only keeps one request from filling the disk.',
    'client_max_body_size 100m;',
    'proxy_http_version 1.1;',
    'proxy_connect_timeout 5s;',
    '# What the client connected to. Values that the client sent itself are replaced: anybody can write such headers.',
    'proxy_set_header Host $http_host;',
    'proxy_set_header X-Forwarded-For $remote_addr;',
    'proxy_set_header X-Forwarded-Proto $scheme;',
    'proxy_set_header X-Forwarded-Host $http_host;',
    'proxy_set_header X-Forwarded-Port $server_port;',
    'proxy_set_header X-Real-IP $remote_addr;',
    `proxy_set_header Forwarded "for=$portway_forwarded_for;proto=$scheme";`,
    block('map $remote_addr $portway_forwarded_for', [
      '~: "\\"[$remote_addr]\\"";  # RFC 7239 quotes IPv6',
      'default $remote_addr;',
    ]),
    '# A WebSocket handshake passes, and no other upgrade: in a tunnel of h2c a client could write the headers above itself.',
    '# For all else an empty header keeps the connection to the target open.',
    'proxy_set_header Upgrade $portway_upgrade;',
    'proxy_set_header Connection $portway_connection;',
    block('map $http_upgrade $portway_upgrade', ["default '';", '~*^websocket$ websocket;']),
    block('map $portway_upgrade $portway_connection', ["default '';", 'websocket upgrade;']),
  ];
}

function group(forward: PortForward): readonly Block[] {
  return upstream(forward, ['keepalive 64;']);
}

function server(forward: PortForward, dialect: NginxDialect): Block {
  return block('server', [
    ...listeners(forward, dialect),
    ...(forward.tls === undefined ? [] : tlsLines(forward.name)),
    ...sourceCheck(forward),
    ...(forward.redirectPort === undefined
      ? [block('location /', passTo(forward, 'http://'))]
      : [redirect(forward.redirectPort)]),
  ]);
}

/** Wildcards only: nginx cannot move from a wildcard to one address by a reload. */
function listeners(forward: PortForward, dialect: NginxDialect): readonly Line[] {
  const port = forward.listen.from;
  if (forward.kind === 'http') return [`listen ${port};`, `listen [::]:${port};`];
  const parameters = dialect.http2 === 'directive' ? 'ssl' : 'ssl http2';
  return [
    `listen ${port} ${parameters};`,
    `listen [::]:${port} ${parameters};`,
    ...(dialect.http2 === 'directive' ? ['http2 on;'] : []),
  ];
}

/** 308 keeps the method and body, so that a form posted to the old address still arrives. */
function redirect(port: number): Line {
  return `return 308 https://$host${port === 443 ? '' : `:${port}`}$request_uri;`;
}
