import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/api-gateway.conf
//
// UNPROTECTED: this kept somebody out, and the forwards below do not:
//   test/import/corpus/nginx/api-gateway.conf:9 limit_req zone=perkey burst=50 nodelay: limits count clients by their address
//
// Not translated:
//   test/import/corpus/nginx/api-gateway.conf:10 proxy_pass http://10.0.5.3:3003/old/: targets see the path as it is, or without its prefix (stripPrefix)
//   test/import/corpus/nginx/api-gateway.conf:10 location /v1/legacy/: its target or answer has no counterpart
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/api-gateway.conf:2 limit_req_zone $binary_remote_addr zone=perip:10m rate=30r/m: requestsPerSecond is a whole number: 1, which lets 2 times as many through
//   test/import/corpus/nginx/api-gateway.conf:5 server: without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for
//   test/import/corpus/nginx/api-gateway.conf:5 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//   test/import/corpus/nginx/api-gateway.conf:8 proxy_pass http://10.0.5.1:3001/: targets see the path as the client wrote it: nginx decodes it here, such as %2F, and makes one slash of two
//   test/import/corpus/nginx/api-gateway.conf:8 limit_req zone=perip burst=5: a burst is not slowed down
//   test/import/corpus/nginx/api-gateway.conf:11 limit_except GET: other methods get 405 in place of 403
//
// Needs no counterpart:
//   nothing uses it: limit_req_zone (test/import/corpus/nginx/api-gateway.conf:3)
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/api-gateway.conf:5)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/api-gateway.conf:5)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/api-gateway.conf:5)
//   errors have it too, as with always: add_header (test/import/corpus/nginx/api-gateway.conf:12)
//   paths that lead to no target get 404: location (test/import/corpus/nginx/api-gateway.conf:13)
export const imported = {
  forwards: {
    web8080: Forward.http({
      listen: 8080,
      routes: {
        '/users/*': { to: '10.0.5.1:3001', stripPrefix: true, limits: { requestsPerSecond: 1, burst: 6 } },
        '/orders/*': { to: '10.0.5.2:3002' },
        '/search': { to: '10.0.5.4:3004', methods: ['GET'] },
        '/search/*': { to: '10.0.5.4:3004', methods: ['GET'] },
        '/suggest': { to: '10.0.5.4:3004', methods: ['GET'] },
        '/suggest/*': { to: '10.0.5.4:3004', methods: ['GET'] },
        '/status': { to: '10.0.5.5:3005', headers: { 'Cache-Control': 'no-store' } },
      },
      timeouts: { body: 5 },
    }),
  },
} satisfies Partial<PortwayStackProps>;
