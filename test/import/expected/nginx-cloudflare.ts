import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/cloudflare.conf
//
// Translated, but not to the letter:
//   test/import/corpus/nginx/cloudflare.conf:5 real_ip_header CF-Connecting-IP: the client is taken from X-Forwarded-For
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
