import { type Block, block, type Line } from './block';
import { ACCESS_LOG_BUFFER } from './log';
import { NGINX_PATHS } from './names';

/**
 * Logs for metrics: a short line for each request or session, of every forward, whatever its `logs` are. It names neither
 * client nor URL. The host adds them up (assets: metrics_logs.py), and rotates them as all logs.
 *
 * A format for each forward, since no variable has the forward's name: `set` does not run for requests that fail early.
 */

/** What the http context needs once. */
export const HTTP_MEASURES: readonly Line[] = [
  "map $upstream_status $portway_by { '' -; default +; }  # whether a target answered",
  'map $connection_requests $portway_opens { 1 1; default 0; }  # whether it is the first of its connection',
];

/** A forward's servers in http, which log each request a second time. `all`: the logs of a server that names none. */
export function measuredHttp(forward: string, servers: readonly Block[], all: readonly Line[]): readonly Line[] {
  const log = accessLog('metrics', forward);
  const fields = '$status,$portway_by,$portway_opens,$request_time $request_length $bytes_sent';
  return [
    format(forward, fields),
    ...servers.map(({ head, lines }) => {
      const named = withLog(lines, log);
      return block(head, lines.some(isLog) ? named : [...named, ...all, log]);
    }),
  ];
}

/** The same for the lines of a forward in stream. A server without a log only hands over to others. */
export function measuredStream(forward: string, lines: readonly Line[], all: Line): readonly Line[] {
  const log = accessLog('metrics_stream', forward);
  return [
    format(forward, '$status $bytes_received $bytes_sent'),
    ...lines.map((line) =>
      typeof line === 'string' || line.head !== 'server' || line.lines.some(isLog)
        ? line
        : block(line.head, [...line.lines, all, log]),
    ),
  ];
}

/** Adds the log wherever others are named, since those of the server do not count there. */
function withLog(lines: readonly Line[], log: Line): readonly Line[] {
  const inside = lines
    .filter((line) => line !== OFF)
    .map((line) => (typeof line === 'string' ? line : block(line.head, withLog(line.lines, log))));
  return lines.some(isLog) ? [...inside, log] : inside;
}

const OFF = 'access_log off;';

function isLog(line: Line): boolean {
  return typeof line === 'string' && line.startsWith('access_log ');
}

function format(forward: string, fields: string): Line {
  return `log_format metrics-${forward} '${forward},${fields}';`;
}

function accessLog(file: string, forward: string): Line {
  return `access_log ${NGINX_PATHS.logFolder}/${file}.log metrics-${forward} ${ACCESS_LOG_BUFFER};`;
}
