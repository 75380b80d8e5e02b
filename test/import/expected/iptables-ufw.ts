import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/iptables/ufw.rules
//
// Translated, but not to the letter:
//   test/import/corpus/iptables/ufw.rules:38 -A PREROUTING -p tcp --dport 2022 -j DNAT --to-destination 127.0.0.1:2222: everyone may use it, though filter lets nobody through: see allowFrom
//
// Needs no counterpart:
//   leads to another chain: rule (test/import/corpus/iptables/ufw.rules:13), rule (test/import/corpus/iptables/ufw.rules:14), rule (test/import/corpus/iptables/ufw.rules:15), rule (test/import/corpus/iptables/ufw.rules:16), rule (test/import/corpus/iptables/ufw.rules:20), rule (test/import/corpus/iptables/ufw.rules:23), rule (test/import/corpus/iptables/ufw.rules:24)
//   only what forwards let in comes in: rule (test/import/corpus/iptables/ufw.rules:17), rule (test/import/corpus/iptables/ufw.rules:21), rule (test/import/corpus/iptables/ufw.rules:32)
//   as Portway does: rule (test/import/corpus/iptables/ufw.rules:18)
//   established connections go on: rule (test/import/corpus/iptables/ufw.rules:19)
//   packets are counted, not logged: rule (test/import/corpus/iptables/ufw.rules:25), rule (test/import/corpus/iptables/ufw.rules:31)
//   decides nothing: rule (test/import/corpus/iptables/ufw.rules:26)
export const imported = {
  engine: 'iptables',
  adminCidr: '203.0.113.7/32',
  ping: true,
  forwards: {
    tcp80: Forward.tcp({ listen: 80, to: 8080, allowFrom: ['198.51.100.0/24', '203.0.113.0/24'] }),
    tcp2022: Forward.tcp({ listen: 2022, to: 2222 }),
  },
} satisfies Partial<PortwayStackProps>;
