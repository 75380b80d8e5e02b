import { Forward } from '../../../lib/forward/forward';
import { type Default, HTTP, PROTECTION, type Props, row, TCP, TWO } from './row';

const fleet = ({ zones, ...props }: Props) => ({
  adminCidr: '203.0.113.7/32',
  ami: { id: 'ami-0123456789abcdef0', rootDevice: '/dev/xvda' },
  capacity: { min: 3, max: 6, zones },
  forwards: { web: Forward.http(HTTP as never) },
  ...props,
});

/** Defaults that only a fleet has, or that mean something else there. */
export const OF_FLEETS: readonly Default[] = [
  row('Fleet', 'capacity.zones', (zones) => fleet({ zones }), 3),
  row(
    'Fleet',
    'ipv6',
    (ipv6) => fleet({ ipv6, engine: 'iptables', forwards: { a: Forward.tcp({ listen: 9000, to: TWO }) } }),
    true,
  ),
  row(
    'Forward.tls',
    'limits.perFleet',
    (perFleet) =>
      fleet({
        forwards: {
          a: Forward.tls({
            listen: 443,
            hosts: { 'a.example.com': { to: TWO } },
            limits: { openConnections: 8, perFleet },
          } as never),
        },
      }),
    true,
  ),
  row(
    TCP,
    'limits.perFleet',
    (perFleet) =>
      fleet({
        engine: 'nginx',
        forwards: { a: Forward.tcp({ listen: 9000, to: TWO, limits: { openConnections: 8, perFleet } } as never) },
      }),
    true,
  ),
  row(
    PROTECTION,
    'limits.perFleet',
    (perFleet) =>
      fleet({
        forwards: { a: Forward.http({ listen: 9000, to: TWO, limits: { openConnections: 8, perFleet } } as never) },
      }),
    true,
  ),
  row('Fleet', 'capacity.scaleOn.cpu', (cpu) => fleet({ capacity: { min: 3, max: 5, scaleOn: { cpu } } }), 60),
  row(
    'Fleet',
    'monitoring.prometheus.port',
    (port) => fleet({ monitoring: { prometheus: { from: ['10.0.5.0/24'], ...(port === undefined ? {} : { port }) } } }),
    9100,
  ),
  row(
    'Fleet',
    'monitoring.cloudWatch.level',
    (level) => fleet({ monitoring: { cloudWatch: level === undefined ? {} : { level } } }),
    'forwards',
  ),
  row(
    'Fleet',
    'monitoring.cloudWatch.retentionDays',
    (retentionDays) => fleet({ monitoring: { cloudWatch: retentionDays === undefined ? {} : { retentionDays } } }),
    7,
  ),
  row(
    'Fleet',
    'monitoring.logs.access',
    (access) => fleet({ monitoring: { logs: access === undefined ? {} : { access } } }),
    true,
  ),
  row(
    'Fleet',
    'monitoring.logs.retentionDays',
    (retentionDays) => fleet({ monitoring: { logs: retentionDays === undefined ? {} : { retentionDays } } }),
    7,
  ),
  row(
    'Fleet',
    'monitoring.dashboard',
    (dashboard) =>
      fleet({
        monitoring: { prometheus: { from: ['10.0.5.0/24'] }, ...(dashboard === undefined ? {} : { dashboard }) },
      }),
    true,
  ),
];
