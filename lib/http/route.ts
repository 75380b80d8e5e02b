import type { Balance } from '../forward/balance';
import type { Failover } from '../forward/failover';
import type { PortRange } from '../forward/ports';
import type { Target } from '../forward/target';
import type { Cache } from './cache-props';
import type { Streaming } from './streams';
import type { RouteValues, SiteValues } from './values';

/** Values that a route resolves further and holds itself, see {@link HttpRoute}. */
type Resolved = 'redirect' | 'balance' | 'failover' | 'cache' | 'targetKeepAlive' | 'protocol' | 'streaming';

/** The checked options of a server or location. Unset values are omitted. */
export type HttpOptions = Omit<RouteValues, Resolved>;

/** A host name with its routes, checked. */
export interface HttpSite extends SiteValues {
  /** Undefined: every name that no other site has. */
  readonly host?: string;
  readonly routes: readonly HttpRoute[];
  /** The options of the gateway's own answers. */
  readonly options: HttpOptions;
}

/** A path and how its requests are handled, checked. */
export interface HttpRoute {
  /** `/` is the prefix of all. */
  readonly path: { readonly kind: 'prefix' | 'exact'; readonly text: string };
  /** Unique in the stack: the forward's name, followed by host and path if it has several. */
  readonly id: string;
  /** Empty for a redirect. */
  readonly targets: readonly Target[];
  /** An HTTPS port of the gateway, or the origin (`https://www.example.com`) of another site. */
  readonly redirect?: number | string;
  readonly protocol: NonNullable<RouteValues['protocol']>;
  readonly streaming: Streaming;
  readonly stripPrefix: boolean;
  readonly balance: Balance;
  /** Connections to targets are not shared among clients. */
  readonly targetKeepAlive?: false;
  /** Set only if there is another target to try. */
  readonly failover?: Failover;
  readonly cache?: Cache;
  /** All options here, inherited or not. */
  readonly options: HttpOptions;
  /** What the path itself sets differently from its site. nginx inherits the rest. */
  readonly overrides: Partial<HttpOptions>;
}

/** The ports of the stack's HTTPS forwards. */
export type HttpsPorts = readonly PortRange[];
