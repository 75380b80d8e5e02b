import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/iptables/office.rules
//
// Not translated:
//   test/import/corpus/iptables/office.rules:14 -A PREROUTING -p tcp -m tcp --dport 3389 -m set --match-set partners src -j DNAT --to-destination...: --match-set partners: a forward has no such condition
//   test/import/corpus/iptables/office.rules:28 -A INPUT -p tcp -m tcp --dport 9100 -j ACCEPT: a service of the host itself: let it listen on another port, and lead a forward there
//
// Needs no counterpart:
//   forwards give their targets the gateway's address themselves: rule (test/import/corpus/iptables/office.rules:17)
//   as Portway does: rule (test/import/corpus/iptables/office.rules:24)
//   established connections go on: rule (test/import/corpus/iptables/office.rules:25), rule (test/import/corpus/iptables/office.rules:30)
//   leads to another chain: rule (test/import/corpus/iptables/office.rules:29)
//   packets are counted, not logged: rule (test/import/corpus/iptables/office.rules:33)
//   only what forwards let in comes in: rule (test/import/corpus/iptables/office.rules:34)
export const imported = {
  engine: 'iptables',
  blocked: ['198.51.100.0/24'],
  adminCidr: '203.0.113.7/32',
  ping: true,
  forwards: {
    tcp5432: Forward.tcp({ listen: 5432, to: '10.0.2.10:5432', allowFrom: ['203.0.113.0/24'] }),
    tcp8443: Forward.tcp({
      listen: 8443,
      to: '10.0.2.11:443',
      denyFrom: ['192.0.2.0/24'],
      preserveClientAddress: true,
      limits: { openConnections: 20 },
    }),
    esp: Forward.protocol({ protocol: 'esp', to: '10.0.2.13', preserveClientAddress: true }),
    gre: Forward.protocol({ protocol: 'gre', to: '10.0.2.13', preserveClientAddress: true }),
  },
} satisfies Partial<PortwayStackProps>;
