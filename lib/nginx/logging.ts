import type { ResolvedLogs } from '../forward/http-logs';
import { cachesOf } from '../forward/read-cache';
import type { PortForward } from '../forward/resolved';
import { block, type Line } from './block';
import { NGINX_PATHS } from './names';
import { listenerMap, type RequestFacts } from './request-facts';

/** Who sends what: one JSON object a line. The buffer saves a write per request and is at most a second behind. */
const BUFFER = 'buffer=32k flush=1s';

/** Own file names in an own folder: a second logrotate rule for the distribution's files would break its rotation. */
export const ERROR_LOG = `${NGINX_PATHS.logFolder}/error.log`;

const ACCESS_LOG = `${NGINX_PATHS.logFolder}/access.log`;

/** Once for all HTTP forwards; what only some of them ask for is there only then. */
export function httpLog(forwards: readonly PortForward[], { requestId, listener }: RequestFacts): readonly Line[] {
  const logs = forwards.flatMap((f) =>
    f.sites.flatMap((s) => [s.options.logs, ...s.routes.map((r) => r.options.logs)]),
  );
  const fields = (uri: string): Parameters<typeof logFormat>[1] => [
    ['time', '"$time_iso8601"'],
    ['request', `"${requestId}"`],
    ['client', '"$remote_addr"'],
    ['port', `"${listener}"`],
    ['method', '"$request_method"'],
    ['host', '"$host"'],
    ['uri', `"${uri}"`],
    ['status', '$status'],
    ['bytes', '$bytes_sent'],
    ['seconds', '$request_time'],
    ...(cachesOf(forwards).length > 0 ? [['cache', '"$upstream_cache_status"'] as const] : []),
    ['target', '"$upstream_addr"'],
    ['target_status', '"$upstream_status"'],
    ['target_first_byte_seconds', '"$upstream_header_time"'],
    ['target_seconds', '"$upstream_response_time"'],
    ['agent', '"$http_user_agent"'],
  ];
  return [
    ...logFormat('portway', fields('$request_uri')),
    ...(logs.some((l) => l?.redact)
      ? [
          block('map $request_uri $portway_path', ['"~^(?<path>[^?]*)" $path;']),
          ...logFormat('portway-redacted', fields('$portway_path')),
        ]
      : []),
    ...(logs.some((l) => l?.level === 'errors')
      ? [block('map $status $portway_failed', ['"~^[45]" 1;', 'default 0;'])]
      : []),
    `access_log ${ACCESS_LOG} portway ${BUFFER};`,
  ];
}

/** In a server or location that wants something else. */
export function logLines(logs: ResolvedLogs | undefined): readonly Line[] {
  if (logs === undefined) return [];
  const format = logs.redact ? 'portway-redacted' : 'portway';
  const condition = logs.level === 'errors' ? ' if=$portway_failed' : '';
  return [
    logs.level === 'none' ? 'access_log off;' : `access_log ${ACCESS_LOG} ${format} ${BUFFER}${condition};`,
    ...(logs.redact ? ["# nginx's own messages have whole addresses in them.", `error_log ${ERROR_LOG} crit;`] : []),
  ];
}

/** Once for all TCP, UDP and TLS forwards. */
export function streamLog(forwards: readonly PortForward[]): readonly Line[] {
  const shared = forwards.some((f) => f.sharedPort);
  const udp = forwards.some((f) => f.transport === 'udp');
  return [
    ...(shared ? [listenerMap()] : []),
    ...logFormat('portway', [
      ['time', '"$time_iso8601"'],
      ['client', '"$remote_addr"'],
      ['port', shared ? '"$portway_listener"' : '"$server_port"'],
      ['protocol', '"$protocol"'],
      ...(forwards.some((f) => f.kind === 'tls') ? [['name', '"$ssl_preread_server_name"'] as const] : []),
      ['status', '$status'],
      ['sent', '$bytes_sent'],
      ['received', '$bytes_received'],
      ['seconds', '$session_time'],
      ['target', '"$upstream_addr"'],
    ]),
    ...(udp
      ? [
          '# Sources can be forged: of datagrams that no session is made for, one in a hundred is written down.',
          block('map "$limit_conn_status $protocol $msec" $portway_told', [
            '"~^REJECTED UDP .*(?<!00)$" 0;',
            'default 1;',
          ]),
        ]
      : []),
    `access_log ${NGINX_PATHS.logFolder}/stream.log portway ${BUFFER}${udp ? ' if=$portway_told' : ''};`,
  ];
}

function logFormat(name: string, fields: readonly (readonly [key: string, value: string])[]): readonly Line[] {
  const half = Math.ceil(fields.length / 2);
  const text = (part: typeof fields) => part.map(([key, value]) => `"${key}":${value}`).join(',');
  return [`log_format ${name} escape=json '{${text(fields.slice(0, half))},'`, `    '${text(fields.slice(half))}}';`];
}
