import { Forward, type PortwayStackProps, Tls } from 'portway';

// Made by portway import test/import/corpus/nginx/certbot.conf
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/certbot.conf:2 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//   test/import/corpus/nginx/certbot.conf:16 ssl_certificate /etc/letsencrypt/live/example.com/fullchain.pem: Tls.letsEncrypt gets a certificate for all names: check the address admin@example.com
//   test/import/corpus/nginx/certbot.conf:23 return 301 https://$host$request_uri: 308 in place of 301, which keeps the method too
//   test/import/corpus/nginx/certbot.conf:27 return 301 https://$host$request_uri: 308 in place of 301, which keeps the method too
//
// Needs no counterpart:
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/certbot.conf:2)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/certbot.conf:2)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/certbot.conf:2)
//   as Portway does: proxy_http_version (test/import/corpus/nginx/certbot.conf:7)
//   targets are told so anyway: proxy_set_header (test/import/corpus/nginx/certbot.conf:8), proxy_set_header (test/import/corpus/nginx/certbot.conf:9)
//   targets get the name as the client wrote it, also in capital letters: proxy_set_header (test/import/corpus/nginx/certbot.conf:10)
//   nothing is cached there: proxy_cache_bypass (test/import/corpus/nginx/certbot.conf:11)
//   forwards listen on IPv6 too where the gateway has it (ipv6: true): listen (test/import/corpus/nginx/certbot.conf:14), listen (test/import/corpus/nginx/certbot.conf:31)
//   Portway sets TLS up itself (docs/tls.md): ssl_certificate_key (test/import/corpus/nginx/certbot.conf:17), ssl_dhparam (test/import/corpus/nginx/certbot.conf:19)
//   comes with nginx's packages, or certbot: include (test/import/corpus/nginx/certbot.conf:18)
//   other names get no answer: return (test/import/corpus/nginx/certbot.conf:33)
export const imported = {
  forwards: {
    secure: Forward.https({
      listen: 443,
      tls: Tls.letsEncrypt({ email: 'admin@example.com', domains: ['example.com', 'www.example.com'] }),
      to: 3000,
    }),
    web: Forward.http({
      listen: 80,
      hosts: { 'www.example.com': { redirectTo: 'https' }, 'example.com': { redirectTo: 'https' } },
    }),
  },
} satisfies Partial<PortwayStackProps>;
