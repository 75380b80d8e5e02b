import { App } from 'aws-cdk-lib';
import { Forward, PortwayStack, Tls } from 'portway';

new PortwayStack(new App(), 'Portway', {
  adminCidr: '203.0.113.7/32', // only you reach port 22
  forwards: {
    web: Forward.http({ listen: 80, redirectTo: 'https' }),
    secure: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
    game: Forward.udp({ listen: 27015, to: '10.0.0.20:27015', engine: 'iptables' }),
  },
});
