import type { Known } from '../forward/known';
import type { Problems } from '../forward/problems';
import { readObject } from '../forward/read-object';
import { readFlag, readOneOf } from '../forward/read-value';
import type { WebForward } from '../forward/resolved';
import { block, type Line } from '../nginx/block';
import { loginMaps } from '../nginx/connection-login';
import { ACCESS_LOG_BUFFER, ERROR_LOG, type Fields, logFormat } from '../nginx/log';
import { cutAsciiMap, cutMap, KEPT, refusalSamples } from '../nginx/log-fields';
import { OWN_ANSWER, PLAIN } from '../nginx/metrics';
import { NGINX_PATHS } from '../nginx/names';
import { tellLines } from '../nginx/protect';
import type { RequestFacts } from '../nginx/request-facts';
import { cachesOf } from './cache';
import type { HttpFeature } from './feature';
import { set } from './set';

/** @category Protection of HTTP */
export interface LogsProps {
  /**
   * What is written to `/var/log/portway/access.log`.
   * @default all requests
   */
  readonly logs?: HttpLogs;
}

/** Which requests are logged, and how much of their addresses. */
export interface HttpLogs {
  /**
   * `'all'` requests, only `'errors'` (status 400 and above), or `'none'`.
   * @default 'all'
   */
  readonly level?: LogLevel;
  /**
   * Whether to leave out query strings, which may hold names, searches or keys. nginx's own messages contain whole
   * addresses, so they are then written only from level `crit` on. Such a message, about a full disk say, may still
   * show an address.
   * @default false
   */
  readonly redact?: boolean;
}

export type LogLevel = 'all' | 'errors' | 'none';

export interface ResolvedLogs {
  readonly level: LogLevel;
  readonly redact: boolean;
}

const PARTS: Known<HttpLogs> = { level: true, redact: true };

export interface LogsValues {
  readonly logs?: ResolvedLogs;
}

declare module './values' {
  interface RouteValues extends LogsValues {}
}

export const logs: HttpFeature<LogsProps, LogsValues> = {
  props: { logs: true },
  parts: { logs: PARTS },
  read: (at, props, problems) => set({ logs: readLogs(`${at}.logs`, props.logs, problems) }),
  nginx: {
    http: { order: 0, lines: ({ forwards, facts }) => formats(forwards, facts) },
    setting: { order: 30, answers: true, lines: ({ stated, facts }) => logLines(stated.logs, facts) },
  },
};

function readLogs(at: string, value: unknown, problems: Problems): ResolvedLogs | undefined {
  const example = "{ level: 'errors', redact: true }";
  const props = readObject(at, value, { parts: PARTS, example }, problems);
  if (props === undefined) return undefined;
  return {
    level: readOneOf<LogLevel>(`${at}.level`, props.level, ['all', 'errors', 'none'], problems) ?? 'all',
    redact: readFlag(`${at}.redact`, props.redact, problems) === true,
  };
}

const ACCESS_LOG = `${NGINX_PATHS.logFolder}/access.log`;

/** The most bytes of what clients send. Escaped, a control byte takes six and a quote two. A line stays below 4 KiB. */
const MAX = { method: 32, host: 128, uri: 800, agent: 200 };

/**
 * Short, printable without quotes, no error: such a request is logged as it is, unescaped, after a single match. All others take more
 * maps. `others`: their value, which must be empty or 0.
 */
function plainMap(others: string): Line {
  const values = '"$limit_req_status$status $request_method $host $request_uri $http_user_agent"';
  const rest = others === '' ? '' : ` default ${others};`;
  return `map ${values} ${PLAIN} { "~^(?:PASSED)?[1-3][ !#-\\[\\]-~]{0,1000}\\z" 1;${rest} }`;
}

/** Once for all HTTP forwards. Fields that only some forwards ask for are added only then. */
function formats(
  forwards: readonly WebForward[],
  { requestId, listener, protect, measured }: RequestFacts,
): readonly Line[] {
  const used = forwards.flatMap((f) =>
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
  const careful = (uri: string): Fields => [
    ...fields((value) => CUT[value] ?? value, '$portway_status', KEPT, uri),
    ['login', '"$portway_login"'],
  ];
  return [
    ...logFormat(
      'portway',
      fields((value) => value, '$status', '1', '$request_uri'),
      'none',
    ),
    '# Cuts long values, keeps valid UTF-8, and writes numbers as JSON.',
    ...logFormat('portway-cut', careful('$request_uri')),
    ...(used.some((l) => l?.redact)
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
    ...loginMaps(forwards),
    plainMap(measured ? OWN_ANSWER : ''),
    ...refusalSamples(),
    `map ${PLAIN} $portway_odd { 1 ''; default ${KEPT}; }`,
    ...(used.some((l) => l?.level === 'errors')
      ? [block('map $status $portway_failed', [`"~^[45]" ${KEPT};`, "default '';"])]
      : []),
    ...ALL_REQUESTS,
    ...tellLines(protect),
  ];
}

/** The variables with the shortened values from outside. */
const CUT: Readonly<Record<string, string>> & { readonly [name in Written]: string } = {
  $request_method: '$portway_method',
  $host: '$portway_asked_host',
  $request_uri: '$portway_uri',
  $http_user_agent: '$portway_agent',
  $portway_path: '$portway_short_path',
};

type Written = '$request_method' | '$host' | '$request_uri' | '$http_user_agent' | '$portway_path';

function accessLog(format: string, condition: string): Line {
  return `access_log ${ACCESS_LOG} ${format} ${ACCESS_LOG_BUFFER} if=${condition};`;
}

/** Where a server or location logs that names no other logs. */
export const ALL_REQUESTS = [accessLog('portway', PLAIN), accessLog('portway-cut', '$portway_odd')];

/** In a server or location with other logs. */
export function logLines(logs: ResolvedLogs | undefined, { protect }: RequestFacts): readonly Line[] {
  if (logs === undefined) return [];
  return [
    // `off` would silence offences too.
    ...(logs.level === 'none' && protect !== undefined ? [] : levelLines(logs)),
    ...tellLines(protect),
    ...(logs.redact ? ["# nginx's own messages contain whole URLs.", `error_log ${ERROR_LOG} crit;`] : []),
  ];
}

function levelLines({ level, redact }: ResolvedLogs): readonly Line[] {
  if (level === 'none') return ['access_log off;'];
  if (level === 'all' && !redact) return ALL_REQUESTS;
  return [accessLog(redact ? 'portway-redacted' : 'portway-cut', level === 'errors' ? '$portway_failed' : KEPT)];
}
