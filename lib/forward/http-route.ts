import type { Balance } from './balance';
import type { Cache } from './cache';
import type { ErrorPage, ErrorPageProps } from './error-page';
import type { Failover } from './failover';
import type { HttpDeliveryProps } from './http-delivery';
import type { HttpOptionProps, HttpOptions } from './http-options';
import type { PortRange } from './ports';
import type { Streaming } from './streaming';
import type { Target, TargetSpec, WeightedTarget } from './target';

/**
 * What happens to HTTP requests: on a forward to all of them, on a host or path to its own.
 * @category Hosts and paths
 */
export interface HttpRouteProps extends HttpOptionProps, HttpDeliveryProps {
  /**
   * A port on the gateway itself (`8080`) or `host:port`. Several targets share the requests evenly, or by weight: `{
   * to: '10.0.1.20:8080', weight: 3 }`.
   * @default none: then `redirectTo` or `routes` is required
   * @refused a range of ports; together with `redirectTo`
   */
  readonly to?: TargetSpec | readonly (TargetSpec | WeightedTarget)[];
  /**
   * Answers every request with a permanent redirect (308) that keeps path and query. `'https'` leads to the stack's
   * HTTPS forward, preferably the one on 443; an origin such as `'https://www.example.com'` leads to another site.
   * @default requests are forwarded
   * @refused together with `to`; `'https'` without an HTTPS forward
   */
  readonly redirectTo?: string;
  /**
   * What targets speak: `'http'` (HTTP/1.1 and WebSocket) or `'grpc'`, which needs an HTTPS forward.
   * @default 'http'
   * @refused `'grpc'` on `Forward.http`: gRPC needs HTTP/2, which clients speak only over TLS
   * @see docs/delivery.md#grpc
   */
  readonly protocol?: HttpProtocol;
  /**
   * What is passed on without buffering: `'answers'`; `'requests'`, so that uploads reach the target as they are sent
   * and never wait on the disk; `true` for both. Answers to requests that accept `text/event-stream`, and answers
   * with `X-Accel-Buffering: no`, are never buffered. With `'requests'`, a body that has begun to reach a target
   * cannot be resent: a PUT or DELETE that would have been retried gets 502. gRPC always streams; with `streaming`
   * its streams may also be silent for long.
   * @default false: the gateway buffers both, so that slow clients do not occupy a target
   * @see docs/delivery.md#streams-and-uploads
   */
  readonly streaming?: Streaming;
}

/**
 * What happens to the requests for a path.
 * @category Hosts and paths
 */
export interface HttpPathProps extends HttpRouteProps {
  /**
   * Whether targets see the path without its prefix: `/users` for `/api/users` on `'/api/*'`. The gateway tells them
   * the prefix in `X-Forwarded-Prefix`, and puts it back into `Location`, `Refresh`, `Content-Location` and the paths of
   * cookies. Not into `Link` and the URLs in bodies: a target that writes those must heed `X-Forwarded-Prefix`.
   * @default false
   * @refused on a single path, on `/*` and on a redirect
   * @see docs/limits.md#of-http-through-nginx
   */
  readonly stripPrefix?: boolean;
}

/**
 * What happens to the requests for a host name.
 * @category Hosts and paths
 */
export interface HttpHostProps extends HttpRouteProps {
  /**
   * Paths that are handled differently, by path: `'/api/*'` covers everything below `/api/`, `'/health'` only that
   * path. The longest match wins.
   * @default all paths are handled alike
   * @refused an empty record; characters other than letters, digits and `- . _ ~ ! ( ) + , : = @`; `/*` beside `to`
   * or `redirectTo`
   */
  readonly routes?: Readonly<Record<string, HttpPathProps>>;
  /**
   * The page that clients get when the gateway itself answers with an error.
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
