import type { ResolvedLogs } from '../forward/http-logs';
import { cachesOf } from '../forward/read-cache';
import { type StreamForward, sharedPortOf, type WebForward } from '../forward/resolved';
import { block, type Line } from './block';
import { cutAsciiMap, cutMap, KEPT, refusalSamples, streamSamples } from './log-fields';
import { NGINX_PATHS } from './names';
import { listenerMap, type RequestFacts } from './request-facts';

/** Who sends what: one JSON object a line. The buffer saves a write per request and is at most a second behind. */
const BUFFER = 'buffer=32k flush=1s';

/** Own file names in an own folder, which the distribution's logrotate knows nothing of. */
export const ERROR_LOG = `${NGINX_PATHS.logFolder}/error.log`;

const ACCESS_LOG = `${NGINX_PATHS.logFolder}/access.log`;

/** Bytes of what clients write; escaped, a control byte takes six and a quote two. A line stays below 4 KiB. */
const MAX = { method: 32, host: 128, uri: 800, agent: 200, name: 253 };

/** Short, printable, no error: such a request is logged as it is, after one look at it. All others take more maps. */
const PLAIN =
  'map "$limit_req_status$status $request_method $host $request_uri $http_user_agent" $portway_plain { "~^(?:PASSED)?[1-3][ -~]{0,1000}\\z" 1; }';

/** Once for all HTTP forwards; what only some of them ask for is there only then. */
export function httpLog(forwards: readonly WebForward[], { requestId, listener }: RequestFacts): readonly Line[] {
  const logs = forwards.flatMap((f) =>
    f.sites.flatMap((s) => [s.options.logs, ...s.routes.map((r) => r.options.logs)]),
  );
  const fields = (cut: (value: string) => string, status: string, kept: string, uri: string): Fields => [
    ['time', '"$time_iso8601"'],
    ['request', `"${requestId}"`],
    ['client', '"$remote_addr"'],
    ['port', `"${listener}"`],
    ['method', `"${cut('$request_method')}"`],
    ['host', `"${cut('$host')}"`],
    ['uri', `"${cut(uri)}"`],
    ['status', status],
    ['bytes', '$bytes_sent'],
    ['seconds', '$request_time'],
    ...(cachesOf(forwards).length > 0 ? [['cache', '"$upstream_cache_status"'] as const] : []),
    ['target', '"$upstream_addr"'],
    ['target_status', '"$upstream_status"'],
    ['target_first_byte_seconds', '"$upstream_header_time"'],
    ['target_seconds', '"$upstream_response_time"'],
    ['agent', `"${cut('$http_user_agent')}"`],
    ['sample', kept],
  ];
  const careful = (uri: string) => fields((value) => CUT[value] ?? value, '$portway_status', KEPT, uri);
  return [
    ...logFormat(
      'portway',
      fields((value) => value, '$status', '1', '$request_uri'),
    ),
    '# For what is long, hostile or an error: cut, UTF-8, numbers as JSON has them.',
    ...logFormat('portway-cut', careful('$request_uri')),
    ...(logs.some((l) => l?.redact)
      ? [
          block('map $request_uri $portway_path', ['"~^(?<path>[^?]*)" $path;']),
          cutMap('$portway_path', CUT.$portway_path, MAX.uri),
          ...logFormat('portway-redacted', careful('$portway_path')),
        ]
      : []),
    cutAsciiMap('$request_method', CUT.$request_method, MAX.method),
    cutAsciiMap('$host', CUT.$host, MAX.host),
    cutMap('$request_uri', CUT.$request_uri, MAX.uri),
    cutMap('$http_user_agent', CUT.$http_user_agent, MAX.agent),
    'map $status $portway_status { 000 0; 009 9; default $status; }',
    PLAIN,
    ...refusalSamples(),
    `map $portway_plain $portway_odd { 1 ''; default ${KEPT}; }`,
    ...(logs.some((l) => l?.level === 'errors')
      ? [block('map $status $portway_failed', [`"~^[45]" ${KEPT};`, "default '';"])]
      : []),
    ...ALL,
  ];
}

/** The variables that have the start of what others wrote. */
const CUT: Readonly<Record<string, string>> & { readonly [name in Written]: string } = {
  $request_method: '$portway_method',
  $host: '$portway_asked_host',
  $request_uri: '$portway_uri',
  $http_user_agent: '$portway_agent',
  $portway_path: '$portway_short_path',
};

type Written = '$request_method' | '$host' | '$request_uri' | '$http_user_agent' | '$portway_path';

function accessLog(format: string, condition: string): Line {
  return `access_log ${ACCESS_LOG} ${format} ${BUFFER} if=${condition};`;
}

const ALL = [accessLog('portway', '$portway_plain'), accessLog('portway-cut', '$portway_odd')];

/** In a server or location that wants something else. */
export function logLines(logs: ResolvedLogs | undefined): readonly Line[] {
  if (logs === undefined) return [];
  return [
    ...levelLines(logs),
    ...(logs.redact ? ["# nginx's own messages have whole addresses in them.", `error_log ${ERROR_LOG} crit;`] : []),
  ];
}

function levelLines({ level, redact }: ResolvedLogs): readonly Line[] {
  if (level === 'none') return ['access_log off;'];
  if (level === 'all' && !redact) return ALL;
  return [accessLog(redact ? 'portway-redacted' : 'portway-cut', level === 'errors' ? '$portway_failed' : KEPT)];
}

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
    ...(names ? [cutAsciiMap('$ssl_preread_server_name', '$portway_name', MAX.name)] : []),
    ...streamSamples(),
    `access_log ${NGINX_PATHS.logFolder}/stream.log portway ${BUFFER} if=${KEPT};`,
  ];
}

type Fields = readonly (readonly [key: string, value: string])[];

function logFormat(name: string, fields: Fields): readonly Line[] {
  const half = Math.ceil(fields.length / 2);
  const text = (part: Fields) => part.map(([key, value]) => `"${key}":${value}`).join(',');
  return [`log_format ${name} escape=json '{${text(fields.slice(0, half))},'`, `    '${text(fields.slice(half))}}';`];
}
