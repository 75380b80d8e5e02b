import type { Balance } from '../forward/balance';
import type { Failover } from '../forward/failover';
import type { PortRange } from '../forward/ports';
import type { Target, TargetSpec, WeightedTarget } from '../forward/target';
import type { Cache } from './cache-props';
import type { ErrorPage } from './errors';
import type { PathOptionProps, RouteOptionProps, RouteValues, SiteOptionProps } from './features';
import type { HttpProtocol } from './protocol';
import type { Streaming } from './streams';

/**
 * What happens to HTTP requests: on a forward to all of them, on a host or path to its own.
 * @category Hosts and paths
 */
export interface HttpRouteProps extends RouteOptionProps {
  /**
   * A port on the gateway itself (`8080`) or `host:port`. Several targets share the requests evenly, or by weight: `{
   * to: '10.0.1.20:8080', weight: 3 }`.
   * @default none: then `redirectTo` or `routes` is required
   * @refused a range of ports; together with `redirectTo`
   */
  readonly to?: TargetSpec | readonly (TargetSpec | WeightedTarget)[];
}

/**
 * What happens to the requests for a path.
 * @category Hosts and paths
 */
export interface HttpPathProps extends HttpRouteProps, PathOptionProps {}

/**
 * What happens to the requests for a host name.
 * @category Hosts and paths
 */
export interface HttpHostProps extends HttpRouteProps, SiteOptionProps {
  /**
   * Paths that are handled differently, by path: `'/api/*'` covers everything below `/api/`, `'/health'` only that
   * path. The longest match wins.
   * @default all paths are handled alike
   * @refused an empty record; characters other than letters, digits and `- . _ ~ ! ( ) + , : = @`; `/*` beside `to`
   * or `redirectTo`
   */
  readonly routes?: Readonly<Record<string, HttpPathProps>>;
}

/** Values that a route resolves further and holds itself, see {@link HttpRoute}. */
type Resolved = 'redirect' | 'balance' | 'failover' | 'cache' | 'targetKeepAlive' | 'protocol' | 'streaming';

/** The checked options of a server or location. Unset values are omitted. */
export type HttpOptions = Omit<RouteValues, Resolved>;

/** A host name with its routes, checked. */
export interface HttpSite {
  /** Undefined: every name that no other site has. */
  readonly host?: string;
  readonly routes: readonly HttpRoute[];
  /** The options of the gateway's own answers. */
  readonly options: HttpOptions;
  readonly errors?: ErrorPage;
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
  readonly protocol: HttpProtocol;
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
