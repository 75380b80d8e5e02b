import type { AnyOption, Declares, PropsOf as OptionProps } from '../forward/option-list';
import { acme } from './acme';
import { balance } from './balance';
import { body } from './body';
import { cache } from './cache';
import { errors } from './errors';
import { failover } from './failover';
import type { ForwardFeature, HttpFeature } from './feature';
import { headers } from './headers';
import { hsts } from './hsts';
import { http3 } from './http3';
import { keepAlive } from './keep-alive';
import { limits } from './limits';
import { logs } from './logs';
import { maintenance } from './maintenance';
import { maxHeader } from './max-header';
import { methods } from './methods';
import { passHeaders } from './pass-headers';
import { protocol } from './protocol';
import { redirect } from './redirect';
import { sources } from './sources';
import { streaming } from './streaming';
import { stripPrefix } from './strip-prefix';
import { timeouts } from './timeouts';
import { tls } from './tls';
import { trustedProxies } from './trusted-proxies';
import { underscores } from './underscores';
import type { ForwardValues, HttpsValues, PathValues, RouteValues, SiteValues } from './values';

/**
 * All HTTP features, by where their props may stand. Lines in nginx.conf follow this order unless a feature sets
 * another one.
 */

/** On a forward, a host or a path. A host inherits from its forward, and a path from its host. */
export const ROUTE_FEATURES = [
  redirect,
  balance,
  failover,
  cache,
  keepAlive,
  protocol,
  streaming,
  limits,
  body,
  timeouts,
  methods,
  headers,
  passHeaders,
  logs,
] as const satisfies readonly Declares<RouteValues>[];

/** Only on a path. */
export const PATH_FEATURES = [stripPrefix] as const satisfies readonly Declares<PathValues>[];

/** On a forward or a host. */
export const SITE_FEATURES = [errors] as const satisfies readonly Declares<SiteValues>[];

/** Only on a forward. */
export const FORWARD_FEATURES = [
  sources,
  trustedProxies,
  acme,
  maxHeader,
  underscores,
  maintenance,
] as const satisfies readonly Declares<ForwardValues>[];

/** Only on an HTTPS forward. */
export const HTTPS_FEATURES = [tls, hsts, http3] as const satisfies readonly Declares<HttpsValues>[];

export const FEATURES: readonly (HttpFeature<object, object> | ForwardFeature<object, object>)[] = [
  ...ROUTE_FEATURES,
  ...PATH_FEATURES,
  ...SITE_FEATURES,
  ...FORWARD_FEATURES,
  ...HTTPS_FEATURES,
];

export type RouteOptionProps = PropsOf<typeof ROUTE_FEATURES>;
export type PathOptionProps = PropsOf<typeof PATH_FEATURES>;
export type SiteOptionProps = PropsOf<typeof SITE_FEATURES>;
export type ForwardOptionProps = PropsOf<typeof FORWARD_FEATURES>;
export type HttpsOptionProps = PropsOf<typeof HTTPS_FEATURES>;

type PropsOf<L extends readonly AnyOption[]> = OptionProps<L[number]>;
