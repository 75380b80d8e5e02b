import * as fc from 'fast-check';
import { type Engine, Forward } from '../../../lib/forward/forward';
import type { GatewaySettingsProps } from '../../../lib/forward/gateway-settings';
import type { ForwardSet } from '../../../lib/forward/resolve';
import { Tls } from '../../../lib/forward/tls';
import { gatewaySettings, kernelProtocol, kernelTransport } from './arbitrary-kernel';
import { allowFrom, given, listenPort, ports, targets } from './arbitrary-parts';
import { protectedHttp, protectedTransport } from './arbitrary-protection';
import { sharedHttp, sharedTransport } from './arbitrary-shared';
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
  Tls.letsEncrypt({ email: 'a@example.com', domains: ['*.example.com'], dns: { zone: 'Z0123456789ABCDEFGHIJ' } }),
);

const https = fc
  .record({ listen: listenPort, to: targets, allowFrom, tls: certificate })
  .map((p) => Forward.https(given(p) as never));

const forwardName = fc.oneof(
  { weight: 30, arbitrary: fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9-]{0,19}$/) },
  { weight: 1, arbitrary: fc.constantFrom('DNAT', 'a b', '1st', 'x'.repeat(21), '$(reboot)', 'a;b', '') },
);

/** If a CA is asked, mostly adds the forward on which it checks domains. */
function withPort80(forwards: ForwardSet['forwards']): ForwardSet['forwards'] {
  const asks = Object.values(forwards).some((f) => f.props.tls?.source === 'acme');
  return asks ? { ...forwards, port80: Forward.http({ listen: 80, redirectTo: 'https', engine: 'nginx' }) } : forwards;
}

/** A stack's props for forwards and kernel. */
export type StackProps = ForwardSet & GatewaySettingsProps;

/** Stacks with a few forwards each, some of them on a gateway with IPv6. */
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
