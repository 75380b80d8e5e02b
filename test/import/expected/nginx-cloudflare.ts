import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/cloudflare.conf
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/cloudflare.conf:5 real_ip_header CF-Connecting-IP: the client is taken from X-Forwarded-For
//   test/import/corpus/nginx/cloudflare.conf:6 server: without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for
//   test/import/corpus/nginx/cloudflare.conf:6 server: without client_max_body_size nginx takes bodies of 1 MiB, forwards of 100 (maxBodyMiB)
//
// Needs no counterpart:
//   targets learn the client from X-Forwarded-For, without what clients claim who are no trusted proxies: server (test/import/corpus/nginx/cloudflare.conf:6)
//   headers by which clients claim another address, method or URL are removed (passHeaders): server (test/import/corpus/nginx/cloudflare.conf:6)
//   targets' redirects to the name that the client asked for keep its scheme and port: server (test/import/corpus/nginx/cloudflare.conf:6)
export const imported = {
  forwards: {
    web: Forward.http({
      listen: 80,
      allowFrom: ['173.245.48.0/20', '103.21.244.0/22'],
      trustedProxies: ['173.245.48.0/20', '103.21.244.0/22', '2400:cb00::/32'],
      maxHeaderKiB: 32,
      underscoresInHeaders: true,
      to: '10.0.4.2:8080',
    }),
  },
} satisfies Partial<PortwayStackProps>;
