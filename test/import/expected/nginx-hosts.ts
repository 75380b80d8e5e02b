import { Forward, type PortwayStackProps, Tls } from 'portway';

// Made by portway import test/import/corpus/nginx/hosts.conf
//
// UNPROTECTED: this kept somebody out, and the forwards below do not:
//   test/import/corpus/nginx/hosts.conf:38 allow 10.0.0.0/8: allowFrom and denyFrom are for a whole forward, not for single hosts and paths
//   test/import/corpus/nginx/hosts.conf:38 deny all: allowFrom and denyFrom are for a whole forward, not for single hosts and paths
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/hosts.conf:6 server 10.0.0.11:8080 weight=3 max_fails=2 fail_timeout=30s: failover.maxFails is the same for all targets
//   test/import/corpus/nginx/hosts.conf:6 server 10.0.0.11:8080 weight=3 max_fails=2 fail_timeout=30s: failover.failTimeout is the same for all targets
//   test/import/corpus/nginx/hosts.conf:15 return 301 https://$host$request_uri: 308 in place of 301, which keeps the method too
//   test/import/corpus/nginx/hosts.conf:17 server: other names get no answer: nginx gives them to the first server
//   test/import/corpus/nginx/hosts.conf:17 server: without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for
//   test/import/corpus/nginx/hosts.conf:20 ssl_certificate /etc/ssl/shop.pem: self-signed until its certificate and key are in a secret: Tls.secret(secret), docs/tls.md
//   test/import/corpus/nginx/hosts.conf:28 proxy_pass http://api/: targets see the path as the client wrote it: nginx decodes it here, such as %2F, and makes one slash of two
//   test/import/corpus/nginx/hosts.conf:31 location /ws: other paths that begin with /ws, such as /wsx, are not covered
//   test/import/corpus/nginx/hosts.conf:33 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//   test/import/corpus/nginx/hosts.conf:36 ssl_certificate /etc/ssl/shop.pem: self-signed until its certificate and key are in a secret: Tls.secret(secret), docs/tls.md
//
// Needs no counterpart:
//   upgrades to WebSocket pass anyway: map (test/import/corpus/nginx/hosts.conf:2)
//   Portway tunes nginx itself: keepalive (test/import/corpus/nginx/hosts.conf:6)
//   it is down, so it is left out: server (test/import/corpus/nginx/hosts.conf:7)
//   other names get no answer: return (test/import/corpus/nginx/hosts.conf:10)
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/hosts.conf:17)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/hosts.conf:17)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/hosts.conf:17)
//   Portway sets TLS up itself (docs/tls.md): ssl_certificate_key (test/import/corpus/nginx/hosts.conf:21), ssl_certificate_key (test/import/corpus/nginx/hosts.conf:37)
//   targets are told so anyway: proxy_set_header (test/import/corpus/nginx/hosts.conf:31), proxy_set_header (test/import/corpus/nginx/hosts.conf:31)
export const imported = {
  forwards: {
    secure: Forward.https({
      listen: 443,
      tls: Tls.selfSigned(),
      hosts: {
        'shop.example.com': {
          maxBodyMiB: 50,
          headers: {
            'Strict-Transport-Security': 'max-age=63072000; includeSubDomains; preload',
            'X-Frame-Options': 'SAMEORIGIN',
          },
          routes: {
            '/*': {
              to: ['10.0.0.21:80', '10.0.0.22:80'],
              balance: 'source',
              timeouts: { response: 300 },
              limits: { openConnections: 20 },
            },
            '/api/*': {
              to: [
                { to: '10.0.0.11:8080', weight: 3 },
                '10.0.0.12:8080',
                { to: '10.0.0.13:8080', backup: true },
              ],
              balance: 'least-connections',
              failover: { maxFails: 2, failTimeout: 30 },
              stripPrefix: true,
              limits: { requestsPerSecond: 10, burst: 21, openConnections: 20 },
            },
            '/health': { to: '10.0.0.11:8080', limits: { openConnections: 20 }, logs: { level: 'none' } },
            '/static/*': {
              to: '10.0.0.40:80',
              cache: { sizeMb: 1024, validFor: 600, keepFor: 3600, waitForFill: 0 },
              limits: { openConnections: 20 },
            },
            '/ws': {
              to: '10.0.0.50:9001',
              timeouts: { response: 3600 },
              streaming: 'answers',
              limits: { openConnections: 20 },
            },
            '/ws/*': {
              to: '10.0.0.50:9001',
              timeouts: { response: 3600 },
              streaming: 'answers',
              limits: { openConnections: 20 },
            },
          },
        },
        'shop.example.net': {
          maxBodyMiB: 50,
          headers: {
            'Strict-Transport-Security': 'max-age=63072000; includeSubDomains; preload',
            'X-Frame-Options': 'SAMEORIGIN',
          },
          routes: {
            '/*': {
              to: ['10.0.0.21:80', '10.0.0.22:80'],
              balance: 'source',
              timeouts: { response: 300 },
              limits: { openConnections: 20 },
            },
            '/api/*': {
              to: [
                { to: '10.0.0.11:8080', weight: 3 },
                '10.0.0.12:8080',
                { to: '10.0.0.13:8080', backup: true },
              ],
              balance: 'least-connections',
              failover: { maxFails: 2, failTimeout: 30 },
              stripPrefix: true,
              limits: { requestsPerSecond: 10, burst: 21, openConnections: 20 },
            },
            '/health': { to: '10.0.0.11:8080', limits: { openConnections: 20 }, logs: { level: 'none' } },
            '/static/*': {
              to: '10.0.0.40:80',
              cache: { sizeMb: 1024, validFor: 600, keepFor: 3600, waitForFill: 0 },
              limits: { openConnections: 20 },
            },
            '/ws': {
              to: '10.0.0.50:9001',
              timeouts: { response: 3600 },
              streaming: 'answers',
              limits: { openConnections: 20 },
            },
            '/ws/*': {
              to: '10.0.0.50:9001',
              timeouts: { response: 3600 },
              streaming: 'answers',
              limits: { openConnections: 20 },
            },
          },
        },
        '*.shop.example.net': {
          maxBodyMiB: 50,
          headers: {
            'Strict-Transport-Security': 'max-age=63072000; includeSubDomains; preload',
            'X-Frame-Options': 'SAMEORIGIN',
          },
          routes: {
            '/*': {
              to: ['10.0.0.21:80', '10.0.0.22:80'],
              balance: 'source',
              timeouts: { response: 300 },
              limits: { openConnections: 20 },
            },
            '/api/*': {
              to: [
                { to: '10.0.0.11:8080', weight: 3 },
                '10.0.0.12:8080',
                { to: '10.0.0.13:8080', backup: true },
              ],
              balance: 'least-connections',
              failover: { maxFails: 2, failTimeout: 30 },
              stripPrefix: true,
              limits: { requestsPerSecond: 10, burst: 21, openConnections: 20 },
            },
            '/health': { to: '10.0.0.11:8080', limits: { openConnections: 20 }, logs: { level: 'none' } },
            '/static/*': {
              to: '10.0.0.40:80',
              cache: { sizeMb: 1024, validFor: 600, keepFor: 3600, waitForFill: 0 },
              limits: { openConnections: 20 },
            },
            '/ws': {
              to: '10.0.0.50:9001',
              timeouts: { response: 3600 },
              streaming: 'answers',
              limits: { openConnections: 20 },
            },
            '/ws/*': {
              to: '10.0.0.50:9001',
              timeouts: { response: 3600 },
              streaming: 'answers',
              limits: { openConnections: 20 },
            },
          },
        },
        'static.example.com': { routes: { '/img/*': { to: '10.0.0.60:80' }, '/css/*': { to: '10.0.0.60:80' } } },
      },
    }),
    web: Forward.http({
      listen: 80,
      hosts: {
        'shop.example.com': { redirectTo: 'https' },
        'shop.example.net': { redirectTo: 'https' },
        '*.shop.example.net': { redirectTo: 'https' },
      },
    }),
  },
} satisfies Partial<PortwayStackProps>;
