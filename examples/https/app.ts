import { App } from 'aws-cdk-lib';
import { Forward, PortwayStack, Tls } from 'portway';

// A web site with a certificate that renews itself, two names, an API on a path of its own, and limits for each client.
// The names must lead to the gateway's address before a CA gives the certificate.
new PortwayStack(new App(), 'Https', {
  adminCidr: '203.0.113.7/32',
  forwards: {
    web: Forward.http({ listen: 80, redirectTo: 'https' }),
    secure: Forward.https({
      listen: 443,
      to: '10.0.0.10:3000',
      tls: Tls.letsEncrypt({ email: 'admin@example.com', domains: ['www.example.com', 'shop.example.com'] }),
      hosts: { 'shop.example.com': { to: '10.0.0.11:3000' } },
      routes: {
        '/api/*': { to: ['10.0.0.20:8080', '10.0.0.21:8080'], limits: { requestsPerSecond: 20 } },
        '/static/*': { to: '10.0.0.10:3000', cache: { sizeMb: 500 } },
      },
      hsts: true,
    }),
  },
});
