import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/iptables/oneliners.sh
//
// Needs no counterpart:
//   eth0: the gateway has one interface, so forwards take connections from all: rule (test/import/corpus/iptables/oneliners.sh:6)
//   forwards give their targets the gateway's address themselves: rule (test/import/corpus/iptables/oneliners.sh:9)
export const imported = {
  engine: 'iptables',
  forwards: {
    tcp80: Forward.tcp({ listen: 80, to: 8080 }),
    tcp443: Forward.tcp({ listen: 443, to: '10.0.1.20:8443' }),
    tcp5000: Forward.tcp({ listen: 5000, to: '10.0.1.21:5000' }),
    tcp5001: Forward.tcp({ listen: 5001, to: '10.0.1.21:5001' }),
    'udp27015-27030': Forward.udp({ listen: '27015-27030', to: '10.0.1.22:27015-27030' }),
  },
} satisfies Partial<PortwayStackProps>;
