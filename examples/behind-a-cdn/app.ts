import { App } from 'aws-cdk-lib';
import { Forward, PortwayStack, Tls } from 'portway';

// The networks of your CDN, as it publishes them. These are examples.
const CDN = ['192.0.2.0/24', '198.51.100.0/24'];

// Only the CDN reaches the site. Limits, logs and the application see the client behind it.
new PortwayStack(new App(), 'Origin', {
  adminCidr: '203.0.113.7/32',
  forwards: {
    site: Forward.https({
      listen: 443,
      to: 8080,
      tls: Tls.selfSigned(),
      allowFrom: CDN,
      trustedProxies: CDN,
      cache: { sizeMb: 500 },
      limits: { requestsPerSecond: 50 },
      logs: { redact: true },
    }),
  },
});
