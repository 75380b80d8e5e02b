import { Forward, type PortwayStackProps, Tls } from 'portway';

// Made by portway import test/import/corpus/nginx/https-backend.conf
//
// UNPROTECTED: this kept somebody out, and the forwards below do not:
//   test/import/corpus/nginx/https-backend.conf:6 ssl_client_certificate /etc/ssl/ca.pem: certificates of clients are not asked for: Forward.tls or Forward.tcp leave that to the target
//   test/import/corpus/nginx/https-backend.conf:7 ssl_verify_client on: certificates of clients are not asked for: Forward.tls or Forward.tcp leave that to the target
//
// Not translated:
//   test/import/corpus/nginx/https-backend.conf:8 proxy_pass https://10.0.10.1:8200: the target speaks TLS: Forward.tls passes TLS through untouched, Forward.https speaks plain HTTP to targets
//   test/import/corpus/nginx/https-backend.conf:8 location /: its target or answer has no counterpart
//   test/import/corpus/nginx/https-backend.conf:9 proxy_intercept_errors on: it has no counterpart
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/https-backend.conf:1 server: without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for
//   test/import/corpus/nginx/https-backend.conf:1 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//   test/import/corpus/nginx/https-backend.conf:4 ssl_certificate /etc/ssl/vault.pem: self-signed until its certificate and key are in a secret: Tls.secret(secret), docs/tls.md
//
// Needs no counterpart:
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/https-backend.conf:1)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/https-backend.conf:1)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/https-backend.conf:1)
//   Portway sets TLS up itself (docs/tls.md): ssl_certificate_key (test/import/corpus/nginx/https-backend.conf:5)
export const imported = {
  forwards: {
    secure: Forward.https({
      listen: 443,
      tls: Tls.selfSigned(),
      routes: { '/ui/*': { to: '10.0.10.1:8201' } },
    }),
  },
} satisfies Partial<PortwayStackProps>;
