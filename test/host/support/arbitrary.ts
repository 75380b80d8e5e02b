import * as fc from 'fast-check';
import { type Engine, Forward, type ForwardProps } from '../../../lib/forward/forward';
import type { ForwardSet } from '../../../lib/forward/resolve';
import { Tls } from '../../../lib/forward/tls';

/** What people write, and now and then what they should not: most stacks are accepted, and every rule is broken somewhere. */
const port = fc.oneof(
  { weight: 60, arbitrary: fc.integer({ min: 1, max: 65_535 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 22, 70_000, 1.5, -1) },
);

/** The ports of the web are what most gateways have, and what a rule without --dst-type LOCAL would take from the host itself. */
const listenPort = fc.oneof({ weight: 3, arbitrary: port }, { weight: 1, arbitrary: fc.constantFrom(80, 443) });

const range = fc.record({ from: fc.integer({ min: 1, max: 65_000 }), length: fc.integer({ min: 0, max: 500 }) });

const rangeText = range.map(({ from, length }) => `${from}-${from + length}`);

const listen = fc.oneof({ weight: 4, arbitrary: listenPort }, { weight: 1, arbitrary: rangeText });

const v4 = fc
  .tuple(fc.constantFrom(10, 172, 192, 203), fc.nat(255), fc.nat(255), fc.nat(255))
  .map((bytes) => bytes.join('.'));
const v6 = fc.tuple(fc.nat(0xffff), fc.nat(0xffff)).map(([a, b]) => `2001:db8:${a.toString(16)}::${b.toString(16)}`);
const name = fc.constantFrom('app.internal', 'db-1.example.com', 'x');
const nonsense = fc.constantFrom(
  '127.0.0.1:80',
  '169.254.169.254:80',
  '10.0.0.1',
  'a b:80',
  'x;}:80',
  '',
  ':80',
  '[::1]:80',
  'localhost:1',
);

const target = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: 1024, max: 65_535 }) },
  { weight: 20, arbitrary: fc.tuple(v4, port).map(([host, p]) => `${host}:${p}`) },
  { weight: 8, arbitrary: fc.tuple(v6, port).map(([host, p]) => `[${host}]:${p}`) },
  { weight: 5, arbitrary: fc.tuple(name, port).map(([host, p]) => `${host}:${p}`) },
  { weight: 1, arbitrary: nonsense },
);

const targets = fc.oneof(
  { weight: 3, arbitrary: target },
  { weight: 1, arbitrary: fc.array(target, { maxLength: 5 }) },
);

const cidr = fc.oneof(
  { weight: 20, arbitrary: fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `10.${a}.${b}.0/24`) },
  { weight: 10, arbitrary: v4.map((address) => `${address}/32`) },
  { weight: 8, arbitrary: fc.nat(0xffff).map((a) => `2001:db8:${a.toString(16)}::/48`) },
  { weight: 2, arbitrary: fc.constantFrom('0.0.0.0/0', '::/0') },
  { weight: 1, arbitrary: fc.constantFrom('10.0.0.1', '10.0.0.1/8', 'office', '1.2.3.4/33') },
);

const engine = fc.option(fc.constantFrom<Engine>('iptables', 'nginx'), { nil: undefined });
const allowFrom = fc.option(fc.array(cidr, { minLength: 1, maxLength: 6 }), { nil: undefined, freq: 2 });

/** A range leads to a range of the same length now and then: drawn together, or it would hardly ever happen. */
const sameLength = fc
  .record({ range, shift: fc.integer({ min: -1, max: 300 }), host: fc.option(v4, { nil: undefined }) })
  .map(({ range: { from, length }, shift, host }) => {
    const to = `${from + shift}-${from + shift + length}`;
    return { listen: `${from}-${from + length}`, to: host === undefined ? to : `${host}:${to}` };
  });

const ports = fc.oneof(
  { weight: 4, arbitrary: fc.record({ listen, to: targets }) },
  { weight: 1, arbitrary: sameLength },
);

const transport = fc
  .record({ kind: fc.constantFrom('tcp', 'udp'), ports, engine, allowFrom })
  .map(({ kind, ports: p, ...rest }) => Forward[kind as 'tcp' | 'udp'](given({ ...p, ...rest }) as never));

const http = fc
  .record({ listen: listenPort, to: fc.option(targets, { nil: undefined, freq: 6 }), allowFrom, redirect: fc.nat(9) })
  .map(({ redirect, ...p }) =>
    Forward.http(given({ ...p, ...(redirect === 0 ? { redirectTo: 'https' as const } : {}) }) as never),
  );

const https = fc
  .record({ listen: listenPort, to: targets, allowFrom })
  .map((p) => Forward.https(given({ ...p, tls: Tls.selfSigned() }) as never));

/** Several targets on nginx, and what can be said of how they share, fail over and spare each other. */
const several = fc.uniqueArray(
  fc.tuple(v4, fc.integer({ min: 1, max: 65_535 })).map(([host, p]) => `${host}:${p}`),
  {
    minLength: 2,
    maxLength: 5,
  },
);
const weighted = several.chain((list) =>
  fc.tuple(
    ...list.map((to, i) =>
      fc.record({ to: fc.constant(to), weight: fc.integer({ min: 1, max: 1000 }), backup: fc.constant(i > 2) }),
    ),
  ),
);
const failover = fc.record(
  {
    maxFails: fc.integer({ min: 1, max: 100 }),
    failTimeout: fc.integer({ min: 1, max: 3600 }),
    tries: fc.integer({ min: 1, max: 10 }),
    timeout: fc.integer({ min: 1, max: 300 }),
    connectTimeout: fc.integer({ min: 1, max: 60 }),
  },
  { requiredKeys: [] },
);
const resend = fc.constantFrom('idempotent', 'safe');
const cache = fc.record(
  {
    sizeMb: fc.integer({ min: 10, max: 1_000_000 }),
    validFor: fc.integer({ min: 1, max: 31_536_000 }),
    keepFor: fc.integer({ min: 60, max: 31_536_000 }),
    query: fc.uniqueArray(fc.stringMatching(/^[a-z_]\w{0,9}$/), { maxLength: 4, selector: (n) => n.toLowerCase() }),
    ignoreCookies: fc.boolean(),
    waitForFill: fc.integer({ min: 0, max: 60 }),
  },
  { requiredKeys: ['sizeMb'] },
);

const sharedTransport = fc
  .record({
    kind: fc.constantFrom('tcp', 'udp'),
    listen: listenPort,
    to: fc.oneof(several, weighted),
    balance: fc.constantFrom('round-robin', 'least-connections', 'source'),
    failover,
  })
  .map(({ kind, ...p }) => {
    const owed = kind === 'udp' ? { responses: 1 } : {};
    return Forward[kind as 'tcp' | 'udp']({ ...p, ...owed, engine: 'nginx' } as never);
  });

const sharedHttp = fc
  .record({
    listen: listenPort,
    to: fc.oneof(several, weighted),
    balance: fc.constantFrom('round-robin', 'least-connections', 'source', 'cookie'),
    failover: fc.tuple(failover, resend).map(([f, r]) => ({ ...f, resend: r })),
    cache: fc.option(cache, { nil: false }),
    routes: fc.dictionary(
      fc.stringMatching(/^\/[a-z][\w.-]{0,8}(\/\*)?$/),
      fc.record({ to: target, cache: fc.option(cache, { nil: false }) }),
      { minKeys: 1, maxKeys: 3 },
    ),
    hosts: fc.dictionary(fc.stringMatching(/^(\*\.)?[a-z]{1,60}(\.[a-z]{1,60}){0,2}$/), fc.record({ to: target }), {
      minKeys: 1,
      maxKeys: 3,
    }),
  })
  .map((p) => Forward.http({ ...p, engine: 'nginx' } as never));

const forwardName = fc.oneof(
  { weight: 30, arbitrary: fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9-]{0,19}$/) },
  { weight: 1, arbitrary: fc.constantFrom('DNAT', 'a b', '1st', 'x'.repeat(21), '$(reboot)', 'a;b', '') },
);

/** Stacks of a few forwards each. */
export const stacks: fc.Arbitrary<ForwardSet> = fc.record({
  engine: fc.constantFrom<Engine>('iptables', 'nginx'),
  forwards: fc.dictionary(
    forwardName,
    fc.oneof(
      { weight: 10, arbitrary: transport },
      { weight: 2, arbitrary: http },
      { weight: 2, arbitrary: https },
      { weight: 1, arbitrary: sharedTransport },
      { weight: 1, arbitrary: sharedHttp },
    ),
    { maxKeys: 6 },
  ),
});

/** Props as a user writes them: what is not given is not there. */
function given(props: Record<string, unknown>): Partial<ForwardProps> {
  return Object.fromEntries(Object.entries(props).filter(([, value]) => value !== undefined));
}
