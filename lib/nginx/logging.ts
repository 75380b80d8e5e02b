import type { Line } from './block';
import { NGINX_PATHS } from './names';

/** Who sends what: one JSON object a line. The buffer saves a write per request and is at most a second behind. */
const BUFFER = 'buffer=32k flush=1s';

/** Own file names in an own folder: a second logrotate rule for the distribution's files would break its rotation. */
export const ERROR_LOG = `${NGINX_PATHS.logFolder}/error.log`;

export function httpLog(): readonly Line[] {
  return [
    ...logFormat([
      ['time', '"$time_iso8601"'],
      ['client', '"$remote_addr"'],
      ['port', '"$server_port"'],
      ['method', '"$request_method"'],
      ['host', '"$host"'],
      ['uri', '"$request_uri"'],
      ['status', '$status'],
      ['bytes', '$bytes_sent'],
      ['seconds', '$request_time'],
      ['target', '"$upstream_addr"'],
      ['target_seconds', '"$upstream_response_time"'],
      ['agent', '"$http_user_agent"'],
    ]),
    `access_log ${NGINX_PATHS.logFolder}/access.log portway ${BUFFER};`,
  ];
}

export function streamLog(): readonly Line[] {
  return [
    ...logFormat([
      ['time', '"$time_iso8601"'],
      ['client', '"$remote_addr"'],
      ['port', '"$server_port"'],
      ['protocol', '"$protocol"'],
      ['status', '$status'],
      ['sent', '$bytes_sent'],
      ['received', '$bytes_received'],
      ['seconds', '$session_time'],
      ['target', '"$upstream_addr"'],
    ]),
    `access_log ${NGINX_PATHS.logFolder}/stream.log portway ${BUFFER};`,
  ];
}

function logFormat(fields: readonly (readonly [key: string, value: string])[]): readonly Line[] {
  const half = Math.ceil(fields.length / 2);
  const text = (part: typeof fields) => part.map(([key, value]) => `"${key}":${value}`).join(',');
  return [`log_format portway escape=json '{${text(fields.slice(0, half))},'`, `    '${text(fields.slice(half))}}';`];
}
