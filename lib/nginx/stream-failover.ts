import type { StreamForward } from '../forward/resolved';
import type { Line } from './block';

/** In the server of a TCP or UDP forward. Another target is tried only before the connection carries data. */
export function streamFailover({ failover }: StreamForward): readonly Line[] {
  if (failover === undefined) return [];
  return [
    `proxy_connect_timeout ${failover.connectTimeout}s;`,
    `proxy_next_upstream_tries ${failover.tries};`,
    `proxy_next_upstream_timeout ${failover.timeout}s;`,
  ];
}
