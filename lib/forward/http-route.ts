import type { Balance } from './balance';
import type { Cache } from './cache';
import type { ErrorPage, ErrorPageProps } from './error-page';
import type { Failover } from './failover';
import type { HttpDeliveryProps } from './http-delivery';
import type { HttpOptionProps, HttpOptions } from './http-options';
import type { PortRange } from './ports';
import type { Streaming } from './streaming';
import type { Target, TargetSpec, WeightedTarget } from './target';

/** What is done with HTTP requests: on a forward with all, on a host or a path with its own. */
export interface HttpRouteProps extends HttpOptionProps, HttpDeliveryProps {
  /**
   * Where to: a port on the gateway itself (`8080`) or `host:port`; several share the requests evenly or by
   * weight (`{ to: '10.0.1.20:8080', weight: 3 }`).
   * @default none
   */
  readonly to?: TargetSpec | readonly (TargetSpec | WeightedTarget)[];
  /**
   * Answers every request with a permanent redirect (308): `'https'` to the stack's HTTPS forward, or the address of another
   * site such as `'https://www.example.com'`; path and query stay.
   * @default requests are forwarded
   */
  readonly redirectTo?: string;
  /**
   * What targets speak: `http` is HTTP/1.1 and WebSocket; `grpc` needs an HTTPS forward.
   * @default 'http'
   */
  readonly protocol?: HttpProtocol;
  /**
   * What is passed on as it comes, piece by piece: `'answers'`, for as long as they take; `'requests'`, so that the bodies of uploads
   * reach the target as they are sent, and never wait on the disk; `true` for both. Answers to requests that accept `text/event-stream`,
   * and those that say `X-Accel-Buffering: no`, are passed on as they come without it.
   *
   * A body that has begun to reach a target cannot be sent to another one: with `'requests'` such a PUT or DELETE gets 502 where
   * it would have been tried again.
   * @default false: both are buffered, so that slow clients do not hold up a target
   */
  readonly streaming?: Streaming;
}

/** What is done with the requests for a path. */
export interface HttpPathProps extends HttpRouteProps {
  /**
   * Whether targets see the path without the prefix (`/api/users` of `'/api/*'` as `/users`). Redirects and cookies of the
   * targets get it back, and `X-Forwarded-Prefix` tells it.
   * @default false
   */
  readonly stripPrefix?: boolean;
}

/** What is done with the requests for a host name. */
export interface HttpHostProps extends HttpRouteProps {
  /**
   * Paths that go elsewhere, by path: `'/api/*'` is all below `/api/`, `'/health'` that path alone. The longest one counts.
   * @default all paths alike
   */
  readonly routes?: Readonly<Record<string, HttpPathProps>>;
  /**
   * What clients get where there is no answer of a target for them.
   * @default a small page that asks to try again
   */
  readonly errors?: ErrorPageProps;
}

export type HttpProtocol = 'http' | 'grpc';

/** A host name with its routes, checked. */
export interface HttpSite {
  /** Undefined: every name that no other site has. */
  readonly host?: string;
  readonly routes: readonly HttpRoute[];
  /** What holds for the answers that the gateway gives itself. */
  readonly options: HttpOptions;
  readonly errors?: ErrorPage;
}

/** A path, and what is done with its requests, checked. */
export interface HttpRoute {
  /** `/` is the prefix of all. */
  readonly path: { readonly kind: 'prefix' | 'exact'; readonly text: string };
  /** Unique in the stack: the forward's name, with host and path behind it where it has several. */
  readonly id: string;
  /** Empty where it redirects. */
  readonly targets: readonly Target[];
  /** An HTTPS port of the gateway, or the origin (`https://www.example.com`) of another site. */
  readonly redirect?: number | string;
  readonly protocol: HttpProtocol;
  readonly streaming: Streaming;
  readonly stripPrefix: boolean;
  readonly balance: Balance;
  /** Connections to targets are not shared. */
  readonly targetKeepAlive?: false;
  /** Only where there is something to go on to. */
  readonly failover?: Failover;
  readonly cache?: Cache;
  readonly options: HttpOptions;
}

/** The ports of the stack's HTTPS forwards. */
export type HttpsPorts = readonly PortRange[];
