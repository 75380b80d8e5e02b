import { App } from 'aws-cdk-lib';
import { Forward, PortwayStack, Sources, Tls } from 'portway';

// Only the CDN reaches the site. Limits, logs and the application see the client behind it.
new PortwayStack(new App(), 'Origin', {
  adminCidr: '203.0.113.7/32',
  forwards: {
    site: Forward.https({
      listen: 443,
      to: 8080,
      tls: Tls.selfSigned(),
      trustedProxies: [Sources.cloudflare()],
      proxiesOnly: true,
      cache: { sizeMb: 500 },
      limits: { requestsPerSecond: 50 },
      logs: { redact: true },
    }),
  },
});
