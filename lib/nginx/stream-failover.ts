import type { StreamForward } from '../forward/resolved';
import type { Line } from './block';

/** In the server of a TCP or UDP forward. A connection goes on to another target only before it carries anything. */
export function streamFailover({ failover }: StreamForward): readonly Line[] {
  if (failover === undefined) return [];
  return [
    `proxy_connect_timeout ${failover.connectTimeout}s;`,
    `proxy_next_upstream_tries ${failover.tries};`,
    `proxy_next_upstream_timeout ${failover.timeout}s;`,
  ];
}
