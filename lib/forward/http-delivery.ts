import type { Balance, HttpBalance } from './balance';
import type { Cache, CacheProps } from './cache';
import type { Failover, HttpFailoverProps } from './failover';
import type { HttpProtocol } from './http-route';
import type { Problems } from './problems';
import { readBalance } from './read-balance';
import { readCache } from './read-cache';
import { readFailover } from './read-failover';
import { type Streaming, streamsAnswers } from './streaming';

/**
 * Which target answers a request, and whether the cache answers it. On a forward for all of its requests; a host or
 * path overrides single options.
 * @category Targets of HTTP
 */
export interface HttpDeliveryProps {
  /**
   * How several targets share the requests. `'round-robin'`: in turn. `'least-connections'`: the one with the fewest
   * open connections. `'source'`: a client (an IPv4 address or an IPv6 /64) keeps its target. `'cookie'`: a browser
   * keeps its target, by a cookie of the gateway's own.
   * @default 'round-robin'
   * @refused with only one target
   * @see docs/delivery.md#sharing
   */
  readonly balance?: HttpBalance;
  /**
   * What happens when one of several targets fails.
   * @default as listed for each
   * @refused with only one target, unless it is a name, which may stand for several addresses
   * @see docs/delivery.md#when-a-target-fails
   */
  readonly failover?: HttpFailoverProps;
  /**
   * Keeps answers on the gateway's disk and serves them again, as far as their own headers allow. All hosts and paths
   * below share the space. `false` on a host or path turns it off there.
   * @default nothing is kept
   * @refused caches that together exceed `diskGiB` less 4 GiB; together with `redirectTo`, `streaming` of answers or
   * gRPC
   * @see docs/delivery.md#the-cache
   */
  readonly cache?: CacheProps | false;
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

/** The checked delivery; what nobody said is not there. */
export interface HttpDelivery {
  readonly balance?: Balance;
  readonly failover?: Failover;
  readonly cache?: Cache | false;
  readonly targetKeepAlive?: boolean;
}

/** A forward, a host or a path, as far as its delivery depends on it. */
interface Place extends HttpDeliveryProps {
  readonly to?: unknown;
  readonly redirectTo?: string;
  readonly hosts?: unknown;
  readonly routes?: unknown;
  readonly streaming?: Streaming;
  readonly protocol?: HttpProtocol;
}

/** What stands at one place; `cacheId` is the name of a cache that begins there. */
export function readHttpDelivery(at: string, props: Place, cacheId: string, problems: Problems): HttpDelivery {
  const balance = readBalance(at, props.balance, 'http', problems);
  const failover = readFailover(at, props.failover, 'http', problems);
  const cache = readCache(at, props.cache, cacheId, problems);
  const { targetKeepAlive } = props;
  if (targetKeepAlive !== undefined && typeof targetKeepAlive !== 'boolean')
    problems.add(`${at}.targetKeepAlive`, 'must be true or false', targetKeepAlive);
  if (props.hosts === undefined && props.routes === undefined) checkAlone(at, props, problems);
  return {
    ...(balance === undefined ? {} : { balance }),
    ...(failover === undefined ? {} : { failover }),
    ...(cache === undefined ? {} : { cache }),
    ...(targetKeepAlive === undefined ? {} : { targetKeepAlive }),
  };
}

/** What would have no effect at the only place that it is for. */
function checkAlone(at: string, props: Place, problems: Problems): void {
  const alone = !Array.isArray(props.to) || props.to.length < 2;
  if (alone && props.balance !== undefined)
    problems.add(`${at}.balance`, 'must be left out where there is one target', props.balance);
  // A name may stand for several addresses.
  const [only] = Array.isArray(props.to) ? props.to : [props.to];
  if (alone && props.failover !== undefined && !(typeof only === 'string' && /^[^[]*[a-z]/i.test(only)))
    problems.add(`${at}.failover`, 'must be left out where there is one target');
  if (props.redirectTo !== undefined && props.targetKeepAlive !== undefined)
    problems.add(
      `${at}.targetKeepAlive`,
      'must be left out beside redirectTo: there is no target',
      props.targetKeepAlive,
    );
  if (!props.cache) return;
  if (props.redirectTo !== undefined)
    problems.add(`${at}.cache`, 'must be left out beside redirectTo: the gateway answers by itself');
  if (streamsAnswers(props.streaming))
    problems.add(`${at}.cache`, 'must be left out beside streaming: what is passed on at once is not kept');
  if (props.protocol === 'grpc')
    problems.add(`${at}.cache`, 'must be left out for gRPC: its requests all change something');
}
