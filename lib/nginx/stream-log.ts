import { type StreamForward, sharedPortOf } from '../forward/resolved';
import type { Line } from './block';
import { ACCESS_LOG_BUFFER, logFormat } from './log';
import { cutAsciiMap, KEPT, streamSamples } from './log-fields';
import { NGINX_PATHS } from './names';
import { listenerMap } from './request-facts';

/** How many bytes of a host name are logged. */
const NAME_BYTES = 253;

/** Once for all TCP, UDP and TLS forwards. */
export function streamLog(forwards: readonly StreamForward[]): readonly Line[] {
  const shared = forwards.some((f) => sharedPortOf(f) !== undefined);
  const names = forwards.some((f) => f.kind === 'tls');
  return [
    ...(shared ? [listenerMap()] : []),
    ...logFormat('portway', [
      ['time', '"$time_iso8601"'],
      ['client', '"$remote_addr"'],
      ['port', shared ? '"$portway_listener"' : '"$server_port"'],
      ['protocol', '"$protocol"'],
      ...(names ? [['name', '"$portway_name"'] as const] : []),
      ['status', '$status'],
      ['sent', '$bytes_sent'],
      ['received', '$bytes_received'],
      ['seconds', '$session_time'],
      ['target', '"$upstream_addr"'],
      ['sample', KEPT],
    ]),
    ...(names ? [cutAsciiMap('$ssl_preread_server_name', '$portway_name', NAME_BYTES)] : []),
    ...streamSamples(),
    ALL_SESSIONS,
  ];
}

/** Where a server logs that names no other log. */
export const ALL_SESSIONS: Line = `access_log ${NGINX_PATHS.logFolder}/stream.log portway ${ACCESS_LOG_BUFFER} if=${KEPT};`;
