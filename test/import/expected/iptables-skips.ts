import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/iptables/skips.rules
//
// UNPROTECTED: this kept somebody out, and the forwards below do not:
//   test/import/corpus/iptables/skips.rules:8 -A FORWARD -p tcp -m tcp --dport 80 -m string --string attack --algo bm -j DROP: --string attack, --algo bm: there is no such condition
//   test/import/corpus/iptables/skips.rules:9 -A FORWARD -p tcp -m tcp --dport 80 -m recent --update --seconds 60 --hitcount 20 --name web -j DROP: --update, --seconds 60, --hitcount 20, --name web: there is no such condition
//
// Not translated:
//   test/import/corpus/iptables/skips.rules:3 -A PREROUTING -s 10.0.0.0/8 -j RETURN: what skips the rules after it is forwarded too: denyFrom would refuse it
export const imported = {
  engine: 'iptables',
  forwards: { tcp8080: Forward.tcp({ listen: 8080, to: '10.0.15.1:80', preserveClientAddress: true }) },
} satisfies Partial<PortwayStackProps>;
