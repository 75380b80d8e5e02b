import * as fc from 'fast-check';
import { Forward } from '../../../lib/forward/forward';

import type { GatewaySettingsProps } from '../../../lib/forward/gateway-settings';
import { Sources } from '../../../lib/forward/known-sources';
import { cidr, given, listen, port, ports, rangeText, v4, v6 } from './arbitrary-parts';

/**
 * The IP versions of a forward's clients and targets. Drawn first: if sources, targets and family were drawn
 * independently, hardly any forward would be valid. A few get a mistake afterwards.
 */
type World = 'v4' | 'v6' | 'both';

const family = { v4: 'ipv4', v6: 'ipv6', both: undefined } as const;

/** A value that is mostly omitted. */
function rarely<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { freq: 3, nil: undefined });
}

function network(world: World): fc.Arbitrary<string> {
  const of4 = fc.oneof(
    fc.tuple(fc.nat(255), fc.integer({ min: 16, max: 28 })).map(([a, bits]) => `10.${a}.0.0/${bits}`),
    v4.map((address) => `${address}/32`),
  );
  const of6 = fc
    .tuple(fc.nat(0xffff), fc.integer({ min: 48, max: 64 }))
    .map(([a, bits]) => `2001:db8:${a.toString(16)}::/${bits}`);
  return world === 'v4' ? of4 : world === 'v6' ? of6 : fc.oneof(of4, of6);
}

const networks = (world: World) => fc.array(network(world), { minLength: 1, maxLength: 6 });
/** Networks of the stack's, and of others. */
const sources = (world: World) =>
  fc.array(
    fc.oneof(
      { weight: 20, arbitrary: network(world) },
      { weight: 1, arbitrary: fc.constantFrom(Sources.cloudflare(), Sources.cloudFront()) },
    ),
    { minLength: 1, maxLength: 6 },
  );

const interfaceName = fc.stringMatching(/^[a-z][a-z0-9_.-]{0,13}\+?$/);
const limits = fc.oneof(
  fc.record(
    {
      newConnectionsPerSecond: fc.integer({ min: 1, max: 10_000 }),
      burst: fc.integer({ min: 1, max: 10_000 }),
      openConnections: fc.integer({ min: 1, max: 65_535 }),
    },
    { requiredKeys: ['newConnectionsPerSecond'] },
  ),
  fc.record({ openConnections: fc.integer({ min: 1, max: 65_535 }) }),
);
const healthCheck = fc.record(
  {
    by: fc.constantFrom('tcp', 'mysql', 'postgres'),
    interval: fc.integer({ min: 1, max: 300 }),
    failures: fc.integer({ min: 1, max: 20 }),
  },
  { requiredKeys: ['by'] },
);

/** One mistake of each kind, by the prop that it goes into. */
const mistake = fc.constantFrom<Record<string, unknown>>(
  { interface: 'a b' },
  { interface: 'x'.repeat(16) },
  { family: 'ip' },
  { denyFrom: ['0.0.0.0/0'] },
  { denyFrom: [] },
  { allowFrom: ['office'] },
  { preserveClientAddress: 1 },
  { limits: {} },
  { limits: { newConnectionsPerSecond: 10_001 } },
  { limits: { openConnections: 0 } },
  { healthCheck: { by: 'http' } },
  { balance: 'cookie' },
  { to: '127.0.0.1:80' },
  { to: '10.0.0.1' },
  { protocol: 'icmp' },
);
const mistakes = fc.oneof({ weight: 12, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: mistake });

/** What forwards of ports and of protocols have in common. */
const common = (world: World) => ({
  allowFrom: rarely(sources(world)),
  denyFrom: rarely(sources(world)),
  interface: rarely(interfaceName),
  family: fc.constant(family[world]),
});

/**
 * Several targets: some of each IP version, or ports of the gateway; with small weights, as people write them, and
 * others.
 */
function several(world: World) {
  const weight = fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 5 }) },
    { weight: 1, arbitrary: fc.constantFrom(20, 1000) },
  );
  const of = (host: fc.Arbitrary<string>) =>
    fc.tuple(host, port).map(([h, p]) => (h.includes(':') ? `[${h}]:${p}` : `${h}:${p}`));
  const some = (to: fc.Arbitrary<string>, minLength: number) =>
    fc.array(fc.record({ to, weight }, { requiredKeys: ['to'] }), { minLength, maxLength: 6 });
  const local = fc.integer({ min: 1024, max: 65_535 }).map(String);
  const remote = {
    v4: some(of(v4), 2),
    v6: some(of(v6), 2),
    both: fc.tuple(some(of(v4), 1), some(of(v6), 1)).map((a) => a.flat()),
  };
  return fc.record({
    listen,
    to: fc.oneof(
      some(local, 2),
      remote[world],
      fc.tuple(some(local, 1), remote[world]).map((a) => a.flat()),
    ),
    balance: rarely(fc.constantFrom('random', 'source')),
    healthCheck: rarely(healthCheck),
  });
}

/** One target: on the gateway, or on a host of the only IP version. */
function one(world: World) {
  if (world !== 'v6') return world === 'v4' ? ports : fc.record({ listen, to: fc.integer({ min: 1024, max: 65_535 }) });
  return fc.record({
    listen: fc.oneof(listen, rangeText),
    to: fc.tuple(v6, port).map(([host, p]) => `[${host}]:${p}`),
  });
}

const worldOf = (ipv6: boolean) => (ipv6 ? fc.constantFrom<World>('v4', 'v6', 'both') : fc.constant<World>('v4'));

/** A TCP or UDP forward in the kernel, with options that only the kernel has. */
export const kernelTransport = (ipv6: boolean): fc.Arbitrary<Forward> =>
  worldOf(ipv6).chain((world) =>
    fc
      .record({
        kind: fc.constantFrom('tcp', 'udp'),
        where: fc.oneof<fc.Arbitrary<{ to: unknown }>[]>(one(world), several(world)),
        limits: rarely(limits),
        preserve: fc.boolean(),
        mistakes,
        ...common(world),
      })
      .map(({ kind, where, preserve, mistakes: wrong, ...rest }) => {
        // The option is only for targets on other hosts.
        const remote = /[\d\]]:\d/.test(JSON.stringify(where.to));
        const props = { ...where, ...rest, ...(remote && preserve ? { preserveClientAddress: true } : {}), ...wrong };
        return Forward[kind as 'tcp' | 'udp'](given({ ...props, engine: 'iptables' }) as never);
      }),
  );

/** A forward of a protocol without ports. */
export const kernelProtocol = (ipv6: boolean): fc.Arbitrary<Forward> =>
  (ipv6 ? fc.constantFrom<World>('v4', 'v6') : fc.constant<World>('v4')).chain((world) =>
    fc
      .record({
        protocol: fc.oneof(fc.constantFrom('esp', 'gre', 'ah', 'ipip', 'l2tp'), fc.integer({ min: 0, max: 256 })),
        to: world === 'v4' ? v4 : v6,
        preserveClientAddress: rarely(fc.boolean()),
        mistakes,
        ...common(world),
      })
      .map(({ mistakes: wrong, ...props }) => Forward.protocol(given({ ...props, ...wrong }) as never)),
  );

/** Further settings of a gateway; most have none. */
export const gatewaySettings = (ipv6: boolean): fc.Arbitrary<GatewaySettingsProps> =>
  fc
    .record({
      blocked: rarely(sources(ipv6 ? 'both' : 'v4')),
      egress: rarely(fc.record({ from: networks(ipv6 ? 'both' : 'v4') })),
      monitoring: rarely(
        fc.record({
          prometheus: fc.record({ from: networks(ipv6 ? 'both' : 'v4'), port: rarely(port) }).map(given),
        }),
      ),
      ping: rarely(fc.boolean()),
      flowOffload: rarely(fc.boolean()),
      metadataUsers: rarely(fc.constantFrom('everyone', ['app'], ['app', 'Wrong'])),
      wrong: fc.oneof(
        { weight: 20, arbitrary: fc.constant({}) },
        { weight: 1, arbitrary: fc.record({ blocked: fc.array(cidr) }) },
      ),
    })
    .map(({ wrong, ...settings }) => given({ ...settings, ...wrong, ipv6 }) as GatewaySettingsProps);
