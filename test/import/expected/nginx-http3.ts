import { Forward, type PortwayStackProps, Tls } from 'portway';

// Made by portway import test/import/corpus/nginx/http3.conf
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/http3.conf:2 server: without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for
//   test/import/corpus/nginx/http3.conf:2 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//   test/import/corpus/nginx/http3.conf:9 ssl_certificate /etc/letsencrypt/live/www.example.org/fullchain.pem: Tls.letsEncrypt gets a certificate for all names: check the address admin@example.org
//
// Needs no counterpart:
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/http3.conf:2)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/http3.conf:2)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/http3.conf:2)
//   forwards listen on IPv6 too where the gateway has it (ipv6: true): listen (test/import/corpus/nginx/http3.conf:5), listen (test/import/corpus/nginx/http3.conf:6)
//   as Portway does: rule (test/import/corpus/nginx/http3.conf:7)
//   Portway sets TLS up itself (docs/tls.md): ssl_certificate_key (test/import/corpus/nginx/http3.conf:10)
//   http3 says so itself: add_header (test/import/corpus/nginx/http3.conf:12)
//   Tls.letsEncrypt answers its CA's checks itself: location (test/import/corpus/nginx/http3.conf:18)
//   other names get no answer: server (test/import/corpus/nginx/http3.conf:21)
export const imported = {
  forwards: {
    secure: Forward.https({
      listen: 443,
      tls: Tls.letsEncrypt({ email: 'admin@example.org', domains: ['www.example.org'] }),
      http3: true,
      hsts: true,
      hosts: { 'www.example.org': { to: 8080 } },
    }),
    web: Forward.http({ listen: 80, redirectTo: 'https' }),
  },
} satisfies Partial<PortwayStackProps>;
