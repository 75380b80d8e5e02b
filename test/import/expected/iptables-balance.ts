import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/iptables/balance.rules
//
// Not translated:
//   test/import/corpus/iptables/balance.rules:8 -A PREROUTING -s 192.0.2.0/24 -p tcp -m tcp --dport 25 -j DNAT --to-destination 10.0.6.9:25: a port has one forward: the first rule for it has it
//
// Needs no counterpart:
//   forwards give their targets the gateway's address themselves: rule (test/import/corpus/iptables/balance.rules:9)
export const imported = {
  engine: 'iptables',
  forwards: {
    tcp80: Forward.tcp({
      listen: 80,
      to: [
        { to: '10.0.6.1:8080', weight: 2 },
        { to: '10.0.6.2:8080', weight: 1 },
        { to: '10.0.6.3:8080', weight: 1 },
      ],
    }),
    udp53: Forward.udp({ listen: 53, to: ['10.0.6.5:53', '10.0.6.6:53', '10.0.6.7:53'] }),
    tcp25: Forward.tcp({ listen: 25, to: '10.0.6.8:25' }),
  },
} satisfies Partial<PortwayStackProps>;
