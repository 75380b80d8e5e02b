import { FEATURES, FORWARD_FEATURES, HTTPS_FEATURES } from '../http/features';
import { HTTP_HOST, HTTP_PATH } from '../http/known-props';
import { LIMITS } from '../kernel/limits/limits';
import { FORWARD_PROPS, OPTION_PARTS, PORT_PROPS } from '../kernel/options';
import { STREAM_PROPS, TRANSPORT_PROPS } from '../stream/options';
import { LETS_ENCRYPT_DNS } from './acme-zone';
import type {
  ForwardKind,
  HttpForwardProps,
  HttpsForwardProps,
  ProtocolForwardProps,
  TlsForwardProps,
  TransportForwardProps,
} from './forward';
import type { Known } from './known';
import { propsOf } from './option-list';
import { COMMON } from './sources';
import { WEIGHTED_TARGET } from './target';
import { LETS_ENCRYPT_PROPS } from './tls';
import { PROXY_PROTOCOL } from './trusted-proxies';

/** The names of the props of forwards and of their parts. Features name their own. */

const TRANSPORT = {
  listen: true,
  to: true,
  ...COMMON,
  engine: true,
  balance: true,
  failover: true,
  ...PORT_PROPS,
  limits: true,
  ...STREAM_PROPS,
  ...TRANSPORT_PROPS,
  ...FORWARD_PROPS,
} satisfies Known<TransportForwardProps>;

const HTTP = {
  listen: true,
  ...HTTP_HOST,
  hosts: true,
  ...propsOf(FORWARD_FEATURES),
  engine: true,
} satisfies Known<HttpForwardProps>;

const TLS = {
  listen: true,
  hosts: true,
  to: true,
  ...COMMON,
  balance: true,
  failover: true,
  limits: true,
  ...STREAM_PROPS,
  engine: true,
} satisfies Known<TlsForwardProps>;

/** The props of each kind of forward. */
export const FORWARD = {
  tcp: TRANSPORT,
  udp: TRANSPORT,
  tls: TLS,
  http: HTTP,
  https: { ...HTTP, ...propsOf(HTTPS_FEATURES) } satisfies Known<HttpsForwardProps>,
  protocol: {
    protocol: true,
    to: true,
    ...COMMON,
    engine: true,
    ...FORWARD_PROPS,
  } satisfies Known<ProtocolForwardProps>,
} as const satisfies Readonly<Record<ForwardKind, object>>;

/** Where a misplaced prop may belong, worded as in messages. */
export const PLACES: readonly (readonly [title: string, props: object])[] = [
  ['Forward.tcp', FORWARD.tcp],
  ['Forward.udp', FORWARD.udp],
  ['Forward.tls', FORWARD.tls],
  ['Forward.http', FORWARD.http],
  ['Forward.https', FORWARD.https],
  ['Forward.protocol', FORWARD.protocol],
  ['a path of an HTTP forward', HTTP_PATH],
  ['limits of Forward.tcp and Forward.udp', LIMITS],
  ['a target such as { to: 8080, weight: 2 }', WEIGHTED_TARGET],
  ...OPTION_PARTS,
  ...FEATURES.flatMap((feature) => Object.entries(feature.parts ?? {})),
  ['proxyProtocol of Forward.tcp and Forward.tls', PROXY_PROTOCOL],
  ['Tls.letsEncrypt', LETS_ENCRYPT_PROPS],
  ['dns of Tls.letsEncrypt', LETS_ENCRYPT_DNS],
];
