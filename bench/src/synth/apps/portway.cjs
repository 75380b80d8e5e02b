// What a first stack has.
const { App } = require('aws-cdk-lib');
const { Forward, PortwayStack, Tls } = require(process.env.PORTWAY);

new PortwayStack(new App(), 'Portway', {
  adminCidr: '203.0.113.7/32',
  forwards: {
    web: Forward.http({ listen: 80, to: 8080 }),
    secure: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
  },
});
