import { type Block, block, type Line } from './block';
import { ACCESS_LOG_BUFFER } from './log';
import { NGINX_PATHS } from './names';

/**
 * Logs for metrics: a short line for each request or session, of every forward, whatever its `logs` are. It names neither
 * client nor URL. The host adds them up (assets: metrics_logs.py), and rotates them as all logs.
 *
 * A format for each forward, since no variable has the forward's name: `set` does not run for requests that fail early.
 */

/** 1: the request is logged as it is (../http/logs.ts). Where there are metrics, others have the value of {@link OWN_ANSWER}. */
export const PLAIN = '$portway_plain';
/** 0: no target answered. Otherwise empty. */
export const OWN_ANSWER = '$portway_own';

/** What the http context needs once. */
export const HTTP_MEASURES: readonly Line[] = [
  `map $upstream_status ${OWN_ANSWER} { '' 0; default ''; }  # 0: no target answered`,
];

/** A forward's servers in http, which log each request a second time. `all`: the logs of a server that names none. */
export function measuredHttp(forward: string, servers: readonly Block[], all: readonly Line[]): readonly Line[] {
  // Where all requests are logged, it is known already which are plain, so that no target is looked for.
  const [plain, other] = [accessLog('metrics', `metrics-${forward}`), accessLog('metrics', `metrics_own-${forward}`)];
  const logOf = (lines: readonly Line[]) =>
    lines.some((line) => isLog(line) && `${line}`.includes(PLAIN)) ? plain : other;
  const measured = servers.map(({ head, lines }) => {
    const named = withLog(lines, logOf);
    return block(head, lines.some(isLog) ? named : [...named, ...all, plain]);
  });
  const formatOf = (name: string, own: string) =>
    format(name, forward, `$request_time$status${own}`, '$request_length $bytes_sent', '$connection_requests');
  return [
    formatOf(`metrics-${forward}`, PLAIN),
    ...(uses(measured, other) ? [formatOf(`metrics_own-${forward}`, OWN_ANSWER)] : []),
    ...measured,
  ];
}

function uses(lines: readonly Line[], one: Line): boolean {
  return lines.some((line) => line === one || (typeof line !== 'string' && uses(line.lines, one)));
}

/** The same for the lines of a forward in stream. A server without a log only hands over to others. */
export function measuredStream(forward: string, lines: readonly Line[], all: Line): readonly Line[] {
  const log = accessLog('metrics_stream', `metrics-${forward}`);
  return [
    format(`metrics-${forward}`, forward, '$status', '$bytes_received $bytes_sent', '1'),
    ...lines.map((line) =>
      typeof line === 'string' || line.head !== 'server' || line.lines.some(isLog)
        ? line
        : block(line.head, [...line.lines, all, log]),
    ),
  ];
}

/** Adds the log wherever others are named, since those of the server do not count there. */
function withLog(lines: readonly Line[], logOf: (lines: readonly Line[]) => Line): readonly Line[] {
  const inside = lines
    .filter((line) => line !== OFF)
    .map((line) => (typeof line === 'string' ? line : block(line.head, withLog(line.lines, logOf))));
  return lines.some(isLog) ? [...inside, logOf(lines)] : inside;
}

const OFF = 'access_log off;';

function isLog(line: Line): boolean {
  return typeof line === 'string' && line.startsWith('access_log ');
}

/**
 * The name comes first, so that a line which follows one that was cut cannot pass for another. Seconds have three decimals and a status
 * three digits, so that both need no separator: each costs nginx 45 instructions. What is before the tab is the same in lines of equal
 * requests: the host searches for it, which takes a fifth less if it ends with a character that is nowhere else in it.
 */
function format(name: string, forward: string, kind: string, sizes: string, place: string): Line {
  return `log_format ${name} escape=none '${forward},${kind} ${sizes}\\t${place}';`;
}

function accessLog(file: string, name: string): Line {
  return `access_log ${NGINX_PATHS.logFolder}/${file}.log ${name} ${ACCESS_LOG_BUFFER};`;
}
