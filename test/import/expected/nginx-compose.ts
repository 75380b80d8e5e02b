import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/compose.conf
//
// Not translated:
//   test/import/corpus/nginx/compose.conf:5 server backend2:5000: a name must be the only target: give each of several targets by its address
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/compose.conf:4 server frontend:3000: the name has no dot: Amazon's resolver does not know it, so give an address or a full name
//   test/import/corpus/nginx/compose.conf:5 server backend1:5000: the name has no dot: Amazon's resolver does not know it, so give an address or a full name
//   test/import/corpus/nginx/compose.conf:5 server backend2:5000: the name has no dot: Amazon's resolver does not know it, so give an address or a full name
//   test/import/corpus/nginx/compose.conf:6 server: without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for
//   test/import/corpus/nginx/compose.conf:6 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//   test/import/corpus/nginx/compose.conf:9 location /api: other paths that begin with /api, such as /apix, are not covered
//   test/import/corpus/nginx/compose.conf:9 location /api: /api itself is redirected to /api/
//   test/import/corpus/nginx/compose.conf:10 location /sockjs-node: other paths that begin with /sockjs-node, such as /sockjs-nodex, are not covered
//
// Needs no counterpart:
//   Portway sets the host's nginx up itself: events (test/import/corpus/nginx/compose.conf:2)
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/compose.conf:6)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/compose.conf:6)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/compose.conf:6)
//   targets are told so anyway: proxy_set_header (test/import/corpus/nginx/compose.conf:10), proxy_set_header (test/import/corpus/nginx/compose.conf:10)
export const imported = {
  forwards: {
    web: Forward.http({
      listen: 80,
      to: 'frontend:3000',
      routes: {
        '/api/*': { to: 'backend1:5000', stripPrefix: true },
        '/sockjs-node': { to: 'frontend:3000' },
        '/sockjs-node/*': { to: 'frontend:3000' },
      },
    }),
  },
} satisfies Partial<PortwayStackProps>;
