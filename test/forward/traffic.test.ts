import * as fc from 'fast-check';
import { Forward } from '../../lib/forward/forward';
import { NO_SETTINGS } from '../../lib/forward/gateway-settings';
import { Problems } from '../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import {
  checkTraffic,
  inboundTraffic,
  mergeTraffic,
  outboundTraffic,
  type TrafficRule,
} from '../../lib/forward/traffic';

const admin = { text: '203.0.113.7/32', family: 4 } as const;

function shown(rules: readonly TrafficRule[]): string[] {
  return rules.map(
    (r) => `${r.protocol}${r.ports ? ` ${r.ports.from}-${r.ports.to}` : ''} ${r.peer.text} (${r.reasons.join(', ')})`,
  );
}

test('inbound: opens each listener to its sources, and port 22 to the admin', () => {
  const forwards = resolveForwardsOrThrow({
    forwards: {
      web: Forward.http({ listen: 80, to: 8080 }),
      game: Forward.udp({
        listen: '7000-7010',
        to: '10.0.1.1:7000-7010',
        allowFrom: ['198.51.100.0/24', '2001:db8::/32'],
      }),
    },
  });
  expect(shown(inboundTraffic(forwards, NO_SETTINGS, admin))).toEqual([
    'tcp 80-80 0.0.0.0/0 (web)',
    'udp 7000-7010 198.51.100.0/24 (game)',
    'udp 7000-7010 2001:db8::/32 (game)',
    'tcp 22-22 203.0.113.7/32 (SSH of the admin)',
  ]);
});

test('outbound: allows the translated targets, and no local ports', () => {
  const forwards = resolveForwardsOrThrow({
    forwards: {
      web: Forward.http({ listen: 80, to: 8080 }),
      db: Forward.tcp({ listen: 15432, to: ['10.0.1.1:5432', '[2001:db8::1]:5432'] }),
      name: Forward.tcp({ listen: 9000, to: 'app.internal:9001' }),
    },
  });
  const targets = outboundTraffic(forwards, NO_SETTINGS).filter((r) => (r.ports?.from ?? 0) > 1024);
  expect(shown(targets)).toEqual([
    'tcp 9001-9001 0.0.0.0/0 (name)',
    'tcp 5432-5432 10.0.1.1/32 (db)',
    'tcp 5432-5432 2001:db8::1/128 (db)',
  ]);
});

test('merges adjacent networks and ports into one rule', () => {
  const forwards = resolveForwardsOrThrow({
    forwards: {
      a: Forward.tcp({ listen: 5000, to: 1, allowFrom: ['10.0.0.0/25', '10.0.0.128/25'] }),
      b: Forward.tcp({ listen: 5001, to: 2, allowFrom: ['10.0.0.0/24'] }),
    },
  });
  expect(shown(inboundTraffic(forwards, NO_SETTINGS, admin))[0]).toBe('tcp 5000-5001 10.0.0.0/24 (a, b)');
});

test('allows exactly the same traffic after merging', () => {
  const rule = fc
    .record({
      transport: fc.constantFrom('tcp', 'udp'),
      from: fc.integer({ min: 1, max: 12 }),
      length: fc.integer({ min: 0, max: 3 }),
      third: fc.integer({ min: 0, max: 3 }),
      prefix: fc.constantFrom(24, 25),
    })
    .map(
      ({ transport, from, length, third, prefix }): TrafficRule => ({
        protocol: transport as 'tcp',
        ports: { from, to: from + length },
        peer: { text: `10.0.${third}.0/${prefix}`, family: 4 },
        reasons: ['x'],
      }),
    );
  const allows = (rules: readonly TrafficRule[], transport: string, port: number, third: number, low: boolean) =>
    rules.some((r) => {
      const [, base = '0', prefix = '24'] = /^10\.0\.(\d+)\.0\/(\d+)$/.exec(r.peer.text) ?? [];
      const bits = 2 ** (24 - Math.min(24, Number(prefix)));
      const inNetwork = third >= Number(base) && third < Number(base) + bits && (Number(prefix) <= 24 || low);
      const { from = 0, to = 0 } = r.ports ?? {};
      return r.protocol === transport && from <= port && port <= to && inNetwork;
    });
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 12 }), (rules) => {
      const merged = mergeTraffic(rules);
      for (const transport of ['tcp', 'udp']) {
        for (let port = 1; port <= 16; port++) {
          for (let third = 0; third < 4; third++) {
            for (const low of [true, false]) {
              expect(allows(merged, transport, port, third, low)).toBe(allows(rules, transport, port, third, low));
            }
          }
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('reports too many rules with count, direction, family and forwards', () => {
  const allowFrom = Array.from({ length: 70 }, (_, i) => `10.0.${i * 2}.0/24`);
  const forwards = resolveForwardsOrThrow({ forwards: { many: Forward.tcp({ listen: 5000, to: 1, allowFrom }) } });
  const problems = new Problems();
  checkTraffic(
    { inbound: inboundTraffic(forwards, NO_SETTINGS, admin), outbound: outboundTraffic(forwards, NO_SETTINGS) },
    60,
    problems,
  );
  expect(() => problems.throwIfAny()).toThrow(
    /^forwards must need at most 60 inbound IPv4 security group rules .*most are for many: 70; SSH of the admin: 1, got: 71$/,
  );
});

test('accepts 60 rules', () => {
  const allowFrom = Array.from({ length: 59 }, (_, i) => `10.0.${i * 2}.0/24`);
  const forwards = resolveForwardsOrThrow({ forwards: { many: Forward.tcp({ listen: 5000, to: 1, allowFrom }) } });
  const problems = new Problems();
  checkTraffic(
    { inbound: inboundTraffic(forwards, NO_SETTINGS, admin), outbound: outboundTraffic(forwards, NO_SETTINGS) },
    60,
    problems,
  );
  expect(problems.length).toBe(0);
});

describe('beyond TCP and UDP', () => {
  const settings = { ...NO_SETTINGS, ipv6: true };
  const forwards = resolveForwardsOrThrow({
    engine: 'iptables',
    forwards: {
      web: Forward.tcp({ listen: 80, to: 8080 }),
      old: Forward.tcp({ listen: 81, to: 8081, family: 'ipv4' }),
      vpn: Forward.protocol({ protocol: 'esp', to: '10.0.1.9', allowFrom: ['198.51.100.0/24'], family: 'ipv4' }),
      db: Forward.tcp({
        listen: 5432,
        to: ['10.0.1.1:5432', '10.0.1.2:5432'],
        family: 'ipv4',
        healthCheck: { port: 8008 },
      }),
      dns: Forward.udp({ listen: 53, to: ['10.0.1.1:1053', '10.0.1.2:1053'], family: 'ipv4', healthCheck: true }),
      sip: Forward.udp({
        listen: 5060,
        to: ['10.0.1.3:5060', '10.0.1.4:5060'],
        family: 'ipv4',
        healthCheck: { by: 'tcp' },
      }),
    },
  });

  test('inbound: covers both families, protocols without ports, pings, private networks', () => {
    const rules = shown(
      inboundTraffic(forwards, { ...settings, ping: true, egress: [{ text: '10.0.0.0/16', family: 4 }] }, admin),
    );
    expect(rules).toEqual([
      'tcp 80-81 0.0.0.0/0 (web, old)',
      'tcp 5432-5432 0.0.0.0/0 (db)',
      'tcp 80-80 ::/0 (web)',
      '50 198.51.100.0/24 (vpn)',
      'udp 53-53 0.0.0.0/0 (dns)',
      'udp 5060-5060 0.0.0.0/0 (sip)',
      'tcp 22-22 203.0.113.7/32 (SSH of the admin)',
      'icmp 0.0.0.0/0 (ping)',
      'icmpv6 ::/0 (ping)',
      'all 10.0.0.0/16 (egress)',
    ]);
  });

  test('outbound: covers targets and their health checks', () => {
    const rules = shown(outboundTraffic(forwards, settings)).filter((rule) => / 10\.0\.1\./.test(rule));
    expect(rules).toEqual([
      '50 10.0.1.9/32 (vpn)',
      'tcp 5432-5432 10.0.1.1/32 (db)',
      'tcp 8008-8008 10.0.1.1/32 (health of db)',
      'tcp 5432-5432 10.0.1.2/32 (db)',
      'tcp 8008-8008 10.0.1.2/32 (health of db)',
      'udp 1053-1053 10.0.1.1/32 (dns)',
      'udp 1053-1053 10.0.1.2/32 (dns)',
      'udp 5060-5060 10.0.1.3/32 (sip)',
      'udp 5060-5060 10.0.1.4/32 (sip)',
      'icmp 10.0.1.1/32 (health of dns)',
      'icmp 10.0.1.2/32 (health of dns)',
      'tcp 5060-5060 10.0.1.3/32 (health of sip)',
      'tcp 5060-5060 10.0.1.4/32 (health of sip)',
    ]);
  });

  test('outbound: is a single rule with egress', () => {
    const out = outboundTraffic(forwards, { ...settings, egress: [{ text: '10.0.0.0/16', family: 4 }] });
    expect(shown(out).map((rule) => rule.split(' (')[0])).toEqual(['all 0.0.0.0/0', 'all ::/0']);
  });
});
