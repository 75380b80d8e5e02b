import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nft/small.json
export const imported = {
  engine: 'iptables',
  forwards: {
    tcp2222: Forward.tcp({ listen: 2222, to: '10.9.0.4:22', preserveClientAddress: true }),
    gre: Forward.protocol({ protocol: 'gre', to: '10.9.0.5', preserveClientAddress: true }),
  },
} satisfies Partial<PortwayStackProps>;
