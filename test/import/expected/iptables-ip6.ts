import { Forward, type PortwayStackProps } from 'portway';

// Made by portway import test/import/corpus/iptables/ip6.rules
export const imported = {
  engine: 'iptables',
  ipv6: true,
  forwards: {
    tcp443: Forward.tcp({
      listen: 443,
      to: '[2001:db8:5::10]:8443',
      preserveClientAddress: true,
      family: 'ipv6',
    }),
    tcp8022: Forward.tcp({
      listen: 8022,
      to: '[2001:db8:5::11]:8022',
      allowFrom: ['2001:db8:9::/48'],
      preserveClientAddress: true,
      family: 'ipv6',
    }),
  },
} satisfies Partial<PortwayStackProps>;
