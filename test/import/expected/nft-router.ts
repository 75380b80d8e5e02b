import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/nft/router.json
//
// Not translated:
//   test/import/corpus/nft/router.json:1 inet nat prerouting handle 8: [{"dnat":{"addr":{"map":{"key":{"payload":{"protocol":"tcp","field"...: a map has no counterpart
//
// Needs no counterpart:
//   eth0: the gateway has one interface, so forwards take connections from all: rule (test/import/corpus/nft/router.json:1)
//   forwards give their targets the gateway's address themselves: rule (test/import/corpus/nft/router.json:1)
//   as Portway does: rule (test/import/corpus/nft/router.json:1)
//   established connections go on: rule (test/import/corpus/nft/router.json:1)
//   leads to another chain: rule (test/import/corpus/nft/router.json:1)
export const imported = {
  engine: 'iptables',
  egress: { from: ['10.0.128.0/17'] },
  blocked: ['192.0.2.0/24'],
  adminCidr: '203.0.113.7/32',
  forwards: {
    tcp80: Forward.tcp({ listen: 80, to: 8080 }),
    tcp5432: Forward.tcp({
      listen: 5432,
      to: '10.0.1.20:5432',
      allowFrom: ['203.0.113.0/24', '198.51.100.7/32'],
    }),
    'udp27015-27030': Forward.udp({ listen: '27015-27030', to: '10.0.1.22:27015-27030', preserveClientAddress: true }),
    tcp8000: Forward.tcp({ listen: 8000, to: '10.0.1.23:8000', preserveClientAddress: true }),
    tcp8001: Forward.tcp({ listen: 8001, to: '10.0.1.23:8001', preserveClientAddress: true }),
  },
} satisfies Partial<PortwayStackProps>;
