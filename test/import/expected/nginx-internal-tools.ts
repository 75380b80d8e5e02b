import { Forward, type PortwayStackProps, Tls } from 'portway';

// Made by portway import test/import/corpus/nginx/internal-tools.conf
//
// UNPROTECTED: this kept somebody out, and the forwards below do not:
//   test/import/corpus/nginx/internal-tools.conf:14 location = /metrics: a path cannot be closed: its requests go where those around it go
//   test/import/corpus/nginx/internal-tools.conf:15 location /nginx_status: a path cannot be closed: its requests go where those around it go
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/internal-tools.conf:2 server: without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for
//   test/import/corpus/nginx/internal-tools.conf:2 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//   test/import/corpus/nginx/internal-tools.conf:4 ssl_certificate /etc/ssl/tools.pem: self-signed until its certificate and key are in a secret: Tls.secret(secret), docs/tls.md
//
// Needs no counterpart:
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/internal-tools.conf:2)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/internal-tools.conf:2)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/internal-tools.conf:2)
//   Portway sets TLS up itself (docs/tls.md): ssl_certificate_key (test/import/corpus/nginx/internal-tools.conf:5)
//   Portway tunes nginx itself: proxy_buffers (test/import/corpus/nginx/internal-tools.conf:13), proxy_buffer_size (test/import/corpus/nginx/internal-tools.conf:13)
export const imported = {
  forwards: {
    secure8443: Forward.https({
      listen: 8443,
      allowFrom: ['203.0.113.0/24', '2001:db8:1::/48'],
      denyFrom: ['10.1.2.3/32'],
      tls: Tls.selfSigned(),
      to: 5601,
      methods: ['GET', 'POST'],
      hideHeaders: ['X-Application-Version'],
    }),
  },
} satisfies Partial<PortwayStackProps>;
