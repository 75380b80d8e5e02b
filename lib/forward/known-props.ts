import type { CacheProps } from './cache';
import type { ErrorPageProps } from './error-page';
import type { FailoverProps, HttpFailoverProps } from './failover';
import type {
  CommonForwardProps,
  ForwardKind,
  HttpForwardProps,
  HttpsForwardProps,
  KernelForwardProps,
  ProtocolForwardProps,
  TlsForwardProps,
  TransportForwardProps,
} from './forward';
import type { HealthCheckProps } from './health-check';
import type { HstsProps } from './hsts';
import type { HttpDeliveryProps } from './http-delivery';
import type { HttpLimits } from './http-limits';
import type { HttpLogs } from './http-logs';
import type { HttpOptionProps, HttpTimeouts } from './http-options';
import type { HttpHostProps, HttpPathProps, HttpRouteProps } from './http-route';
import type { ForwardLimits } from './limits';
import type { WeightedTarget } from './target';
import type { LetsEncryptProps } from './tls';
import type { TlsHostProps } from './tls-hosts';
import type { ProxyProtocolProps, ProxyProtocolSource } from './trusted-proxies';

/**
 * The names of an object's props. Types are gone when a stack is synthesized, so the names stand here once more; the compiler
 * refuses a list that lacks a prop of its type, or has one too many.
 */
export type Known<T> = Readonly<Record<keyof T, true>>;

const COMMON = { allowFrom: true, denyFrom: true } satisfies Known<CommonForwardProps>;

const KERNEL = { interface: true, family: true, preserveClientAddress: true } satisfies Known<KernelForwardProps>;

const TRANSPORT = {
  listen: true,
  to: true,
  ...COMMON,
  engine: true,
  balance: true,
  failover: true,
  healthCheck: true,
  limits: true,
  proxyProtocol: true,
  idleTimeout: true,
  responses: true,
  ...KERNEL,
} satisfies Known<TransportForwardProps>;

const HTTP_OPTIONS = {
  limits: true,
  maxBodyMiB: true,
  timeouts: true,
  methods: true,
  headers: true,
  hideHeaders: true,
  passHeaders: true,
  logs: true,
} satisfies Known<HttpOptionProps>;

const HTTP_DELIVERY = {
  balance: true,
  failover: true,
  cache: true,
  targetKeepAlive: true,
} satisfies Known<HttpDeliveryProps>;

const HTTP_ROUTE = {
  to: true,
  redirectTo: true,
  protocol: true,
  streaming: true,
  ...HTTP_DELIVERY,
  ...HTTP_OPTIONS,
} satisfies Known<HttpRouteProps>;

export const HTTP_PATH = { ...HTTP_ROUTE, stripPrefix: true } satisfies Known<HttpPathProps>;

export const HTTP_HOST = { ...HTTP_ROUTE, routes: true, errors: true } satisfies Known<HttpHostProps>;

const HTTP = {
  listen: true,
  ...HTTP_HOST,
  hosts: true,
  ...COMMON,
  trustedProxies: true,
  proxyProtocol: true,
  maintenance: true,
  maxHeaderKiB: true,
  underscoresInHeaders: true,
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
  proxyProtocol: true,
  idleTimeout: true,
  engine: true,
} satisfies Known<TlsForwardProps>;

/** What each kind of forward takes. */
export const FORWARD = {
  tcp: TRANSPORT,
  udp: TRANSPORT,
  tls: TLS,
  http: HTTP,
  https: { ...HTTP, tls: true, hsts: true, http3: true } satisfies Known<HttpsForwardProps>,
  protocol: { protocol: true, to: true, ...COMMON, engine: true, ...KERNEL } satisfies Known<ProtocolForwardProps>,
} as const satisfies Readonly<Record<ForwardKind, object>>;

export const TLS_HOST = { to: true, balance: true } satisfies Known<TlsHostProps>;
export const WEIGHTED_TARGET = { to: true, weight: true, backup: true } satisfies Known<WeightedTarget>;
export const LIMITS = {
  newConnectionsPerSecond: true,
  burst: true,
  openConnections: true,
} satisfies Known<ForwardLimits>;
export const HTTP_LIMITS = { requestsPerSecond: true, burst: true, openConnections: true } satisfies Known<HttpLimits>;
export const HEALTH_CHECK = { by: true, port: true, interval: true, failures: true } satisfies Known<HealthCheckProps>;
export const FAILOVER_PROPS = {
  maxFails: true,
  failTimeout: true,
  tries: true,
  timeout: true,
  connectTimeout: true,
} satisfies Known<FailoverProps>;
export const HTTP_FAILOVER = { ...FAILOVER_PROPS, resend: true } satisfies Known<HttpFailoverProps>;
export const CACHE = {
  sizeMb: true,
  validFor: true,
  keepFor: true,
  query: true,
  ignoreCookies: true,
  waitForFill: true,
} satisfies Known<CacheProps>;
export const ERROR_PAGE = { title: true, message: true, html: true } satisfies Known<ErrorPageProps>;
export const TIMEOUTS = { body: true, response: true } satisfies Known<HttpTimeouts>;
export const LOGS = { level: true, redact: true } satisfies Known<HttpLogs>;
export const HSTS = { maxAgeDays: true, includeSubDomains: true, preload: true } satisfies Known<HstsProps>;
export const PROXY_PROTOCOL = { accept: true, send: true } satisfies Known<ProxyProtocolProps>;
export const PROXY_PROTOCOL_SOURCE = { from: true } satisfies Known<ProxyProtocolSource>;
export const LETS_ENCRYPT_PROPS = {
  email: true,
  domains: true,
  staging: true,
  server: true,
} satisfies Known<LetsEncryptProps>;

/** Where a prop that stands in the wrong place may belong, as messages call the place. */
export const PLACES: readonly (readonly [title: string, props: object])[] = [
  ['Forward.tcp', FORWARD.tcp],
  ['Forward.udp', FORWARD.udp],
  ['Forward.tls', FORWARD.tls],
  ['Forward.http', FORWARD.http],
  ['Forward.https', FORWARD.https],
  ['Forward.protocol', FORWARD.protocol],
  ['a path of an HTTP forward', HTTP_PATH],
  ['limits of Forward.tcp and Forward.udp', LIMITS],
  ['limits of an HTTP forward', HTTP_LIMITS],
  ['a target such as { to: 8080, weight: 2 }', WEIGHTED_TARGET],
  ['healthCheck', HEALTH_CHECK],
  ['failover', HTTP_FAILOVER],
  ['cache', CACHE],
  ['errors', ERROR_PAGE],
  ['timeouts', TIMEOUTS],
  ['logs', LOGS],
  ['hsts', HSTS],
  ['proxyProtocol of Forward.tcp and Forward.tls', PROXY_PROTOCOL],
  ['Tls.letsEncrypt', LETS_ENCRYPT_PROPS],
];
