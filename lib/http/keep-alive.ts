import { readFlag } from '../forward/read-value';
import type { HttpFeature } from './feature';
import { set } from './set';

/** @category Targets of HTTP */
export interface KeepAliveProps {
  /**
   * Whether connections to targets stay open for the next request of any client. `false` gives each request its own
   * connection, for applications that tie state to a connection. Logins that belong to a connection, such as NTLM,
   * are safe either way.
   * @default true
   * @refused together with `redirectTo`
   * @see docs/delivery.md#logins-of-connections
   * @see https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive
   */
  readonly targetKeepAlive?: boolean;
}

/**
 * How many idle connections to targets are kept for the next request, and for how long. Most applications close theirs
 * after 5 s or more (Node 5, Apache 5, Tomcat 20). A POST sent at that moment would be lost, since it cannot be resent.
 */
const KEPT_OPEN = ['keepalive 64;', 'keepalive_timeout 4s;'];

export interface KeepAliveValues {
  readonly targetKeepAlive?: boolean;
}

declare module './values' {
  interface RouteValues extends KeepAliveValues {}
}

export const keepAlive: HttpFeature<KeepAliveProps, KeepAliveValues> = {
  props: { targetKeepAlive: true },
  read(at, props, problems, { isLeaf, props: { redirectTo } }) {
    if (isLeaf && redirectTo !== undefined && props.targetKeepAlive !== undefined)
      problems.add(
        `${at}.targetKeepAlive`,
        'must be left out beside redirectTo: there is no target',
        props.targetKeepAlive,
      );
    return set({ targetKeepAlive: readFlag(`${at}.targetKeepAlive`, props.targetKeepAlive, problems) });
  },
  nginx: { upstream: (route) => (route.targetKeepAlive === false ? [] : KEPT_OPEN) },
};
