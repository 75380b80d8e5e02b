import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/iptables/docker.rules
//
// Translated, but not to the letter:
//   test/import/corpus/iptables/docker.rules:13 -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80: a container's address changes: publish it on another port of the gateway, and lead the forward there
//
// Needs no counterpart:
//   leads to another chain: rule (test/import/corpus/iptables/docker.rules:8), rule (test/import/corpus/iptables/docker.rules:9), rule (test/import/corpus/iptables/docker.rules:23), rule (test/import/corpus/iptables/docker.rules:24), rule (test/import/corpus/iptables/docker.rules:26), rule (test/import/corpus/iptables/docker.rules:30)
//   the engine of the containers adds it itself: rule (test/import/corpus/iptables/docker.rules:10), rule (test/import/corpus/iptables/docker.rules:11)
//   decides nothing: rule (test/import/corpus/iptables/docker.rules:12), rule (test/import/corpus/iptables/docker.rules:31), rule (test/import/corpus/iptables/docker.rules:33), rule (test/import/corpus/iptables/docker.rules:34)
//   the gateway's own connections are forwarded too: rule (test/import/corpus/iptables/docker.rules:13)
//   established connections go on: rule (test/import/corpus/iptables/docker.rules:25)
//   what forwards need is let through, and nothing else: rule (test/import/corpus/iptables/docker.rules:27), rule (test/import/corpus/iptables/docker.rules:28), rule (test/import/corpus/iptables/docker.rules:29)
//   only what forwards let in comes in: rule (test/import/corpus/iptables/docker.rules:32)
export const imported = {
  engine: 'iptables',
  forwards: { tcp8080: Forward.tcp({ listen: 8080, to: '172.17.0.2:80', preserveClientAddress: true }) },
} satisfies Partial<PortwayStackProps>;
