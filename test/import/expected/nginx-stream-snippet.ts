import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nginx/stream-snippet.conf
export const imported = {
  forwards: {
    udp514: Forward.udp({ listen: 514, to: ['10.0.13.1:514', '10.0.13.2:514'], responses: 0 }),
    tcp1883: Forward.tcp({ listen: 1883, to: '10.0.13.3:1883', idleTimeout: 600 }),
  },
} satisfies Partial<PortwayStackProps>;
