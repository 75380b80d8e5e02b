import type { TargetSpec, WeightedTarget } from '../forward/target';
import type { PathOptionProps, RouteOptionProps, SiteOptionProps } from './features';

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
