import { App } from 'aws-cdk-lib';
import { contextProps, Forward, PortwayStack, Tls } from '../../../lib';

/**
 * A CDK app as a team would write it: each thing that a gateway with nginx can do, once. Its context is that of
 * bin/app.ts.
 */
const app = new App();

const [FIRST, SECOND] = ['10.0.1.10', '10.0.1.11'] as const;
const both = [`${FIRST}:8080`, `${SECOND}:8080`] as const;

const forwards = {
  web: Forward.http({ listen: 80, redirectTo: 'https' }),
  secure: Forward.https({
    listen: 443,
    tls: Tls.selfSigned(),
    maintenance: true,
    hosts: {
      'shop.example.com': {
        to: 8080,
        headers: { 'X-Frame-Options': 'DENY' },
        routes: {
          '/api/*': { to: `${FIRST}:8080`, stripPrefix: true, methods: ['GET', 'POST'] },
          '/static/*': { to: `${SECOND}:8080`, cache: { sizeMb: 10, validFor: 300 } },
        },
      },
      'old.example.com': { redirectTo: 'https://shop.example.com' },
    },
  }),
  // On the same port: TLS that the target itself ends.
  pass: Forward.tls({ listen: 443, hosts: { 'own.example.com': { to: `${FIRST}:8443` } } }),
  shared: Forward.http({ listen: 81, to: both, failover: { connectTimeout: 1, failTimeout: 2 } }),
  limited: Forward.http({ listen: 82, to: 8080, limits: { requestsPerSecond: 1, burst: 2 } }),
  dead: Forward.http({
    listen: 83,
    to: `${FIRST}:9`,
    errors: { title: 'Back soon', message: 'We are at work on it.' },
  }),
  named: Forward.http({ listen: 84, to: 'app.example.internal:8080' }),
  private: Forward.http({ listen: 85, to: 8080, denyFrom: ['198.51.100.0/24'] }),
  raw: Forward.tcp({ listen: 5432, to: [`${FIRST}:8443`, `${SECOND}:8443`] }),
  voice: Forward.udp({ listen: 5300, to: `${SECOND}:7000`, responses: 1 }),
};

new PortwayStack(app, 'Portway', { ...contextProps(app.node), forwards });
