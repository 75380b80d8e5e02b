import { App } from 'aws-cdk-lib';
import { Forward, PortwayStack } from 'portway';

// All forwards in the kernel: TCP, UDP, a range of ports, and two databases of which a dead one is taken out.
new PortwayStack(new App(), 'Kernel', {
  adminCidr: '203.0.113.7/32',
  engine: 'iptables',
  forwards: {
    mail: Forward.tcp({ listen: 25, to: '10.0.0.25:25' }),
    game: Forward.udp({ listen: 27015, to: '10.0.0.20:27015' }),
    voice: Forward.udp({ listen: '10000-10099', to: '10.0.0.30:20000-20099' }),
    database: Forward.tcp({
      listen: 5432,
      to: ['10.0.0.40:5432', '10.0.0.41:5432'],
      healthCheck: { by: 'postgres' },
      allowFrom: ['198.51.100.0/24'],
    }),
  },
});
