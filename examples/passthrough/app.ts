import { App } from 'aws-cdk-lib';
import { Forward, PortwayStack, Tls } from 'portway';

// One port for services that end TLS themselves, told apart by the name that a client asks for, and a site of the gateway.
new PortwayStack(new App(), 'Passthrough', {
  adminCidr: '203.0.113.7/32',
  forwards: {
    names: Forward.tls({
      listen: 443,
      hosts: {
        'git.example.com': { to: '10.0.0.30:443' },
        '*.apps.example.com': { to: ['10.0.0.40:8443', '10.0.0.41:8443'], balance: 'source' },
      },
    }),
    site: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
  },
});
