import { Forward } from '../../lib/forward/forward';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { Tls } from '../../lib/forward/tls';
import { renderNginx } from '../../lib/nginx/render';

/** The order of features in each context of nginx.conf, by a line of each of them. */

const options = {
  limits: { requestsPerSecond: 10, openConnections: 5 },
  maxBodyMiB: 5,
  timeouts: { body: 7, response: 8 },
  logs: { level: 'errors', redact: true },
  headers: { 'X-Own': 'yes' },
  methods: ['GET', 'PUT'],
} as const;

const several = ['10.0.1.1:80', '10.0.1.2:80'];

const forwards = resolveForwardsOrThrow({
  forwards: {
    // Answers the CA, and has everything that stands in a server.
    plain: Forward.http({
      listen: 80,
      to: 'app.internal:8080',
      ...options,
      denyFrom: ['192.0.2.0/24'],
      trustedProxies: ['10.0.0.0/16'],
      maxHeaderKiB: 32,
      underscoresInHeaders: true,
      maintenance: true,
      errors: { title: 'Closed' },
      routes: {
        '/all/*': {
          to: several,
          ...options,
          maxBodyMiB: 6,
          balance: 'cookie',
          failover: { resend: 'safe' },
          streaming: 'requests',
          targetKeepAlive: false,
          stripPrefix: true,
          passHeaders: ['X-Host'],
        },
        '/kept/*': { to: several, ...options, cache: { sizeMb: 10, query: ['q'] } },
        '/away/*': { redirectTo: 'https://www.example.com', limits: options.limits, methods: ['GET'] },
      },
    }),
    // Has everything that goes with TLS.
    secure: Forward.https({
      listen: 443,
      to: '10.0.1.1:50051',
      tls: Tls.letsEncrypt({ email: 'admin@example.com', domains: ['www.example.com'] }),
      protocol: 'grpc',
      hsts: true,
      http3: true,
      allowFrom: ['198.51.100.0/24'],
      trustedProxies: ['10.0.0.0/16'],
      errors: { title: 'Closed' },
      limits: options.limits,
    }),
    named: Forward.https({ listen: 8443, hosts: { 'www.example.com': { to: 1234 } }, tls: Tls.selfSigned() }),
  },
});

const conf = renderNginx(forwards, { user: 'www-data', http2: 'directive', http3: true }) ?? '';

/** The text of a block, found by how its first line begins; `from` is where to look. */
function blockOf(head: string, from = ''): string {
  const start = conf.indexOf(head, conf.indexOf(from));
  expect([head, start]).not.toEqual([head, -1]);
  const indent = /^ */.exec(conf.slice(conf.lastIndexOf('\n', start) + 1))?.[0] ?? '';
  return conf.slice(start, conf.indexOf(`\n${indent}}\n`, start));
}

/** The names of the lines in the order in which they first appear. Each must be there. */
function order(text: string, lines: Readonly<Record<string, string>>): readonly string[] {
  const found = Object.entries(lines).map(([name, line]) => [name, text.indexOf(line)] as const);
  expect(found.filter(([, at]) => at < 0)).toEqual([]);
  return found.toSorted(([, a], [, b]) => a - b).map(([name]) => name);
}

test.each<[string, string, Readonly<Record<string, string>>]>([
  [
    'http context',
    conf.slice(conf.indexOf('http {'), conf.indexOf('# After each start')),
    {
      logs: 'log_format portway ',
      'facts of a request': 'map "$host $http_host"',
      body: 'client_max_body_size 100m;',
      timeouts: 'client_header_timeout',
      'buffers of answers': 'proxy_buffers',
      maxHeader: 'large_client_header_buffers',
      'headers for targets': 'proxy_http_version 1.1;',
      streaming: 'map $http_accept $portway_live',
      stripPrefix: 'map $request_uri $portway_below_1',
      headers: 'proxy_hide_header X-Powered-By;',
      errors: 'error_page 403 413',
      protocol: 'map $status $portway_grpc',
      'key of clients': 'map $binary_remote_addr $portway_client',
      limits: 'limit_req_status 429;',
      balance: 'map $cookie_portway_target',
      'locations beside others': 'error_page 418 =',
      failover: 'proxy_next_upstream_tries',
      cache: 'proxy_cache_background_update on;',
      resolver: 'resolver 169.254.169.253',
      tls: 'ssl_protocols',
    },
  ],
  [
    'http context, for a forward',
    conf.slice(conf.indexOf('  # secure\n')),
    {
      sources: 'geo $portway_allow_secure',
      hsts: 'map $https $portway_hsts_secure',
      limits: 'limit_req_zone',
      errors: 'map $portway_form $portway_page_secure',
      upstream: 'upstream portway-secure',
      server: 'server {',
    },
  ],
  [
    'server',
    blockOf('server {', '  # plain\n'),
    {
      listener: 'listen 80',
      acme: 'if ($uri ~ ^/\\.well-known/acme-challenge/)',
      trustedProxies: 'set_real_ip_from 10.0.0.0/16;',
      maxHeader: 'large_client_header_buffers 4 32k;',
      underscores: 'underscores_in_headers on;',
      limits: 'limit_req zone=rate-plain',
      body: 'client_max_body_size 5m;',
      timeouts: 'client_body_timeout 7s;',
      logs: 'access_log /var/log/portway/access.log portway-redacted',
      headers: 'add_header X-Own "yes" always;',
      'check of the host': "if ($portway_host = '')",
      maintenance: 'include /etc/portway/maintenance/limited*.conf;',
      sources: 'if ($portway_deny_plain)',
      locations: 'location /all/ {',
      refusals: 'location = /.portway/419',
      'refusal of sources': 'location = /.portway/403',
      'refusal for maintenance': 'location = /.portway/503',
      errors: 'location = /.portway/page',
    },
  ],
  [
    'server with TLS',
    blockOf('server {', '  # secure\n'),
    {
      listener: 'listen 443',
      http3: 'listen 443 quic',
      tls: 'ssl_certificate ',
      trustedProxies: 'set_real_ip_from',
      limits: 'limit_req zone=',
      hsts: 'add_header Strict-Transport-Security',
      'check of the host': "if ($portway_host = '')",
    },
  ],
  [
    'location',
    blockOf('location /all/ {'),
    {
      limits: 'limit_req zone=',
      body: 'client_max_body_size 6m;',
      timeouts: 'client_body_timeout 7s;',
      logs: 'access_log ',
      headers: 'add_header X-Own',
      errors: 'error_page 400',
      methods: 'if ($request_method !~ ^(GET|HEAD|PUT)$)',
      failover: 'set $portway_place writes-plain',
      streaming: 'if ($portway_live)',
      buffering: 'proxy_request_buffering off;',
      passHeaders: "proxy_set_header X-Original-URL '';",
      balance: 'set $portway_sticks 1;',
      'to the target': 'proxy_pass http://',
      stripPrefix: 'set $portway_prefix /all;',
    },
  ],
  [
    'location with a cache',
    blockOf('location /kept/ {'),
    {
      methods: 'if ($request_method',
      failover: 'proxy_connect_timeout',
      cache: 'proxy_cache ',
      query: 'rewrite ^(.*)$',
    },
  ],
  [
    'location of a redirect',
    blockOf('location /away/ {'),
    {
      limits: 'limit_req zone=',
      methods: 'if ($request_method',
      redirect: 'try_files /.portway @redirect-',
    },
  ],
  [
    'server for unknown host names',
    blockOf('server {\n    listen 8443 ssl default_server', '  # named\n'),
    {
      listener: 'listen 8443',
      comment: '# Unknown host names.',
      tls: 'ssl_certificate ',
      closed: 'ssl_reject_handshake on;',
    },
  ],
])('%s', (_, text, lines) => {
  expect(order(text, lines)).toEqual(Object.keys(lines));
});
