import { Forward, type PortwayStackProps, Tls } from 'portway';

// Made by portway import test/import/corpus/nginx/http3.conf
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/http3.conf:9 ssl_certificate /etc/letsencrypt/live/www.example.org/fullchain.pem: Tls.letsEncrypt gets a certificate for all names: check the address admin@example.org
//
// Needs no counterpart:
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
