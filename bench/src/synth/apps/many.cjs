// 10,000 forwards to ports on the gateway, each with its own.
const { App } = require('aws-cdk-lib');
const { Forward, PortwayStack } = require(process.env.PORTWAY);

const forwards = Array.from({ length: 10_000 }, (_, i) => [
  `f${i}`,
  Forward.tcp({ listen: 2_000 + i, to: 20_000 + i }),
]);
new PortwayStack(new App(), 'Portway', {
  adminCidr: '203.0.113.7/32',
  engine: 'iptables',
  forwards: Object.fromEntries(forwards),
});
