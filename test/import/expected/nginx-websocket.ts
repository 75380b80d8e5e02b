import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/websocket.conf
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/websocket.conf:3 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//   test/import/corpus/nginx/websocket.conf:3 server: without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for
//   test/import/corpus/nginx/websocket.conf:10 proxy_set_header Host $host: targets get the name with the port, as the client wrote it
//
// Needs no counterpart:
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/websocket.conf:3)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/websocket.conf:3)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/websocket.conf:3)
//   as Portway does: proxy_http_version (test/import/corpus/nginx/websocket.conf:7)
//   targets are told so anyway: proxy_set_header (test/import/corpus/nginx/websocket.conf:8), proxy_set_header (test/import/corpus/nginx/websocket.conf:9)
//   a target has 60 s to take each piece of a request: proxy_send_timeout (test/import/corpus/nginx/websocket.conf:12)
//   Portway sets the host's nginx up itself: events (test/import/corpus/nginx/websocket.conf:17)
export const imported = {
  forwards: {
    web8020: Forward.http({
      listen: 8020,
      routes: {
        '/*': {
          to: ['10.0.2.10:8010', '10.0.2.11:8010'],
          balance: 'source',
          timeouts: { response: 86400 },
        },
        '/health': { to: '10.0.2.10:8011' },
      },
    }),
  },
} satisfies Partial<PortwayStackProps>;
