import type { Protect } from '../forward/protect';
import { isNginxForward, isWebForward, type NginxForward, type ResolvedForward } from '../forward/resolved';
import { shutdownLines } from '../http/contributions';
import { type Line, renderLines } from './block';
import type { NginxDialect } from './dialect';
import { httpContext } from './http';
import { ERROR_LOG } from './log';
import { withShares, workerConnections, workerFiles } from './share';
import { streamContext } from './stream';

/**
 * The whole nginx.conf for the forwards that nginx carries, or undefined if there are none. `memoryMiB` is the host's
 * memory, which decides how much of a large answer is kept in it. `protect`: the offences that are told to the host.
 * `measured`: whether each request is logged for metrics.
 */
export function renderNginx(
  forwards: readonly ResolvedForward[],
  dialect: NginxDialect,
  memoryMiB = 1024,
  protect?: Protect,
  measured = false,
): string | undefined {
  const own = forwards.filter(isNginxForward);
  if (own.length === 0) return undefined;
  return renderLines(conf(withShares(own, memoryMiB), dialect, memoryMiB, protect, measured));
}

/** Whether the forwards need nginx's stream module, which distributions package separately. */
export function needsStream(forwards: readonly ResolvedForward[]): boolean {
  return forwards.some((f) => isNginxForward(f) && !isWebForward(f));
}

function conf(
  forwards: readonly NginxForward[],
  dialect: NginxDialect,
  memoryMiB: number,
  protect: Protect | undefined,
  measured: boolean,
): readonly Line[] {
  const connections = workerConnections(forwards, memoryMiB);
  return [
    '# Portway: forwards by nginx. Each deploy overwrites this file.',
    `user ${dialect.user};`,
    'worker_processes auto;',
    'pcre_jit on;  # each request is matched against several patterns',
    ...shutdown(forwards),
    `worker_rlimit_nofile ${workerFiles(connections)};  # two per forwarded connection, and files`,
    'pid /run/nginx.pid;',
    `error_log ${ERROR_LOG} error;`,
    '# Modules; a missing folder is skipped.',
    'include /etc/nginx/modules-enabled/*.conf;',
    'include /usr/share/nginx/modules/*.conf;',
    '',
    { head: 'events', lines: [`worker_connections ${connections};`] },
    '',
    httpContext(forwards, dialect, memoryMiB, protect, measured),
    ...streamContext(
      forwards.filter((f) => !isWebForward(f)),
      measured,
    ),
  ];
}

function shutdown(forwards: readonly NginxForward[]): readonly Line[] {
  const soon = shutdownLines(forwards.filter(isWebForward));
  if (soon.length > 0) return soon;
  return ['# After a reload, old workers finish their connections, for at most a day.', 'worker_shutdown_timeout 1d;'];
}
