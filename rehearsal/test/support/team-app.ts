import { App } from 'aws-cdk-lib';
import { contextProps, Forward, PortwayStack, Tls } from '../../../lib';

/**
 * A team's app: other hosts, names and paths, datagrams, programs on other ports, and both allowed and denied clients.
 */
const app = new App();

new PortwayStack(app, 'Team', {
  ...contextProps(app.node),
  stackName: 'team-gateway',
  engine: 'nginx',
  forwards: {
    web: Forward.http({ listen: 80, redirectTo: 'https' }),
    secure: Forward.https({
      listen: 443,
      tls: Tls.selfSigned(),
      hosts: {
        'shop.example.com': { to: '10.0.1.10:8080', routes: { '/api': { to: '10.0.1.20:9000' } } },
        '*.apps.example.com': { to: 9090 },
      },
    }),
    game: Forward.udp({ listen: '27015-27016', to: '10.0.1.20:27015-27016', engine: 'iptables' }),
    office: Forward.tcp({ listen: 8081, to: '10.0.1.30:80', allowFrom: ['192.0.2.128/25'], engine: 'iptables' }),
    named: Forward.tcp({ listen: 25, to: 'mail.example.com:25' }),
  },
});
