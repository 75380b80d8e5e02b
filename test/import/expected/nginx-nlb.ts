import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/nlb.conf
//
// Not translated:
//   test/import/corpus/nginx/nlb.conf:16 server: listen 853 ssl: TLS of other protocols than HTTP ends at the target: Forward.tcp or Forward.tls pass it through
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/nlb.conf:19 server: without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for
//   test/import/corpus/nginx/nlb.conf:19 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//
// Needs no counterpart:
//   Portway has a log of its own, in JSON: log_format (test/import/corpus/nginx/nlb.conf:2), access_log (test/import/corpus/nginx/nlb.conf:12)
//   a target has 5 s to accept a connection; failover says when the next one is tried: proxy_connect_timeout (test/import/corpus/nginx/nlb.conf:11)
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/nlb.conf:19)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/nlb.conf:19)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/nlb.conf:19)
//   targets are told so anyway: proxy_set_header (test/import/corpus/nginx/nlb.conf:23)
export const imported = {
  forwards: {
    web: Forward.http({
      listen: 80,
      proxyProtocol: { accept: { from: ['10.0.0.0/16'] } },
      to: '10.0.6.20:80',
    }),
    tcp6379: Forward.tcp({
      listen: 6379,
      to: ['10.0.6.1:6379', '10.0.6.2:6379', { to: '10.0.6.3:6379', backup: true }],
      balance: 'least-connections',
      failover: { maxFails: 3, failTimeout: 10 },
      limits: { openConnections: 10 },
      proxyProtocol: { accept: { from: ['10.0.0.0/16'] }, send: true },
    }),
    udp514: Forward.udp({ listen: 514, to: '10.0.6.9:514', idleTimeout: 30, responses: 0 }),
    tcp3306: Forward.tcp({
      listen: 3306,
      to: 'mysql.internal.example.com:3306',
      denyFrom: ['198.51.100.0/24'],
    }),
  },
} satisfies Partial<PortwayStackProps>;
