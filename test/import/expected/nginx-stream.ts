import { Forward, type PortwayStackProps, Tls } from 'portway';

// Made by portway import test/import/corpus/nginx/stream.conf
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/stream.conf:10 server: without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for
//   test/import/corpus/nginx/stream.conf:10 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//   test/import/corpus/nginx/stream.conf:10 ssl_certificate a.pem: self-signed until its certificate and key are in a secret: Tls.secret(secret), docs/tls.md
//
// Needs no counterpart:
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/stream.conf:10)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/stream.conf:10)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/stream.conf:10)
//   Portway sets TLS up itself (docs/tls.md): ssl_certificate_key (test/import/corpus/nginx/stream.conf:10)
export const imported = {
  forwards: {
    secure: Forward.https({ listen: 443, tls: Tls.selfSigned(), to: 8080 }),
    tcp5432: Forward.tcp({
      listen: 5432,
      to: ['10.0.0.71:5432', '10.0.0.72:5432'],
      balance: 'source',
      allowFrom: ['203.0.113.0/24'],
      idleTimeout: 3600,
    }),
    udp53: Forward.udp({ listen: 53, to: '10.0.0.90:53', responses: 1 }),
    tls443: Forward.tls({
      listen: 443,
      hosts: { 'mail.example.com': { to: '10.0.0.80:993' }, '*.git.example.com': { to: '10.0.0.81:443' } },
    }),
    'tcp6000-6010': Forward.tcp({ listen: '6000-6010', to: '10.0.0.91:6000-6010' }),
  },
} satisfies Partial<PortwayStackProps>;
