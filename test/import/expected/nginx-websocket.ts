import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/websocket.conf
//
// Needs no counterpart:
//   as Portway does: proxy_http_version (test/import/corpus/nginx/websocket.conf:7)
//   targets are told so anyway: proxy_set_header (test/import/corpus/nginx/websocket.conf:8), proxy_set_header (test/import/corpus/nginx/websocket.conf:9), proxy_set_header (test/import/corpus/nginx/websocket.conf:10)
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
