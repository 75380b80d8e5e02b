import type { StreamForward } from '../forward/resolved';
import type { Line } from './block';
import { CLIENT_KEY } from './client-key';
import { shareLines } from './share';

/**
 * Room for about 80,000 clients; beyond that, the least recently seen are forgotten. The memory is used as it fills.
 */
const ZONE = '10m';

/**
 * The limits of a forward, which has one counter. The error log holds refused connections, unless any client can cause
 * many.
 */
export function streamLimit(forward: StreamForward): {
  readonly zone: readonly Line[];
  readonly lines: readonly Line[];
} {
  const { name, limits } = forward;
  const share = shareLines(forward);
  const quiet = ['limit_conn_log_level info;'];
  if (limits?.openConnections === undefined)
    return { ...share, lines: [...share.lines, ...(forward.transport === 'udp' ? quiet : [])] };
  return {
    zone: [`limit_conn_zone ${CLIENT_KEY} zone=open-${name}:${ZONE};`, ...share.zone],
    lines: [`limit_conn open-${name} ${limits.openConnections};`, ...share.lines, ...quiet],
  };
}
