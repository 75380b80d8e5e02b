import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/iptables/nat-gateway.rules
//
// Needs no counterpart:
//   segments get the size that the network carries: rule (test/import/corpus/iptables/nat-gateway.rules:11)
//   established connections go on: rule (test/import/corpus/iptables/nat-gateway.rules:17)
export const imported = {
  engine: 'iptables',
  egress: { from: ['10.0.128.0/17', '10.0.64.0/18'] },
  forwards: {
    tcp8000: Forward.tcp({ listen: 8000, to: '10.0.5.5:80', interface: 'wg0', preserveClientAddress: true }),
    udp51820: Forward.udp({ listen: 51820, to: '10.0.5.6:51820', preserveClientAddress: true }),
  },
} satisfies Partial<PortwayStackProps>;
