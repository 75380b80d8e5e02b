import * as fc from 'fast-check';
import { type Engine, Forward } from '../../../lib/forward/forward';
import type { GatewaySettingsProps } from '../../../lib/forward/gateway-settings';
import type { ForwardSet } from '../../../lib/forward/resolve';
import { Tls } from '../../../lib/forward/tls';
import { gatewaySettings, kernelProtocol, kernelTransport } from './arbitrary-kernel';
import { allowFrom, given, listenPort, ports, target, targets, v4 } from './arbitrary-parts';
import { protectedHttp, protectedTransport } from './arbitrary-protection';
import { https3, sharedPort, tlsByName } from './arbitrary-tls';

const engine = fc.option(fc.constantFrom<Engine>('iptables', 'nginx'), { nil: undefined });

const transport = fc
  .record({ kind: fc.constantFrom('tcp', 'udp'), ports, engine, allowFrom })
  .map(({ kind, ports: p, ...rest }) => Forward[kind as 'tcp' | 'udp'](given({ ...p, ...rest }) as never));

const http = fc
  .record({ listen: listenPort, to: fc.option(targets, { nil: undefined, freq: 6 }), allowFrom, redirect: fc.nat(9) })
  .map(({ redirect, ...p }) =>
    Forward.http(given({ ...p, ...(redirect === 0 ? { redirectTo: 'https' as const } : {}) }) as never),
  );

const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:tls-AbCdEf';
const certificate = fc.constantFrom(
  Tls.selfSigned(),
  Tls.selfSigned(),
  Tls.secret({ secretArn: arn, grantRead: () => undefined }),
  Tls.letsEncrypt({ email: 'admin@example.com', domains: ['www.example.com'] }),
);

const https = fc
  .record({ listen: listenPort, to: targets, allowFrom, tls: certificate })
  .map((p) => Forward.https(given(p) as never));

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

/** Where a CA is to be asked, mostly with the forward that it checks domains at. */
function withPort80(forwards: ForwardSet['forwards']): ForwardSet['forwards'] {
  const asks = Object.values(forwards).some((f) => f.props.tls?.source === 'acme');
  return asks ? { ...forwards, port80: Forward.http({ listen: 80, redirectTo: 'https', engine: 'nginx' }) } : forwards;
}

/** What a stack says of forwards and kernel. */
export type StackProps = ForwardSet & GatewaySettingsProps;

/** Stacks of a few forwards each, some of them on a gateway with IPv6. */
export const stacks: fc.Arbitrary<StackProps> = fc.boolean().chain((ipv6) =>
  fc
    .tuple(
      gatewaySettings(ipv6),
      fc.record({
        engine: fc.constantFrom<Engine>('iptables', 'nginx'),
        forwards: fc.dictionary(
          forwardName,
          fc.oneof(
            { weight: 5, arbitrary: transport },
            { weight: 8, arbitrary: kernelTransport(ipv6) },
            { weight: 2, arbitrary: kernelProtocol(ipv6) },
            { weight: 2, arbitrary: http },
            { weight: 2, arbitrary: https },
            { weight: 1, arbitrary: sharedTransport },
            { weight: 1, arbitrary: sharedHttp },
            { weight: 2, arbitrary: protectedHttp },
            { weight: 1, arbitrary: protectedTransport },
            { weight: 1, arbitrary: tlsByName },
            { weight: 1, arbitrary: https3 },
          ),
          { minKeys: 1, maxKeys: 5 },
        ),
      }),
      fc.option(sharedPort, { nil: {}, freq: 5 }),
    )
    .map(([settings, set, pair]) => ({ ...settings, ...set, forwards: withPort80({ ...set.forwards, ...pair }) })),
);
