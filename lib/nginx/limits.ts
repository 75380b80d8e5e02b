import type { ResolvedHttpLimits } from '../forward/http-limits';
import type { StreamForward, WebForward } from '../forward/resolved';
import type { Line } from './block';
import { CLIENT_KEY } from './client-key';
import { shareLines } from './share';

/** Room for some 80,000 clients at a time; of more, those that were away longest are forgotten. Taken from memory as it fills. */
const ZONE = '10m';

/** The different limits of an HTTP forward. Routes that take theirs from the same place share them, and so one count. */
function limitsOf({ sites }: WebForward): readonly ResolvedHttpLimits[] {
  const all = sites.flatMap((s) => [s.options.limits, ...s.routes.map((r) => r.options.limits)]);
  return [...new Set(all.filter((l) => l !== undefined))];
}

function zone(kind: 'rate' | 'open', forward: WebForward, limits: ResolvedHttpLimits): string {
  const place = limitsOf(forward).indexOf(limits);
  return `${kind}-${forward.name}${place < 1 ? '' : `.${place + 1}`}`;
}

/** Whether clients are counted in the http context. */
export function countsClients(forwards: readonly WebForward[]): boolean {
  return forwards.some((f) => limitsOf(f).length > 0);
}

/** Once for all HTTP forwards: what clients are told. */
export function limitDefaults(forwards: readonly WebForward[]): readonly Line[] {
  if (!countsClients(forwards)) return [];
  return ['', 'limit_req_status 429;'];
}

/** The counts of a forward's clients. */
export function limitZones(forward: WebForward): readonly Line[] {
  const zones = limitsOf(forward).flatMap((limits) => [
    ...(limits.rate === undefined
      ? []
      : [
          `limit_req_zone ${CLIENT_KEY} zone=${zone('rate', forward, limits)}:${ZONE} rate=${limits.rate.perSecond}r/s;`,
        ]),
    ...(limits.openConnections === undefined
      ? []
      : [`limit_conn_zone ${CLIENT_KEY} zone=${zone('open', forward, limits)}:${ZONE};`]),
  ]);
  return [...zones, ...shareLines(forward).zone];
}

/** Also for its forward's share where that is counted beside it: nginx knows one answer for both. */
const OPEN = ['limit_conn_status 429;', 'limit_conn_log_level info;'];

/** The limits themselves, in a server or a location. nginx lets one more through at once than it calls the burst. */
export function limitLines(forward: WebForward, limits: ResolvedHttpLimits | undefined): readonly Line[] {
  if (limits === undefined) return [];
  const { rate, openConnections } = limits;
  const burst = rate === undefined || rate.burst === 1 ? '' : ` burst=${rate.burst - 1} nodelay`;
  return [
    ...(rate === undefined ? [] : [`limit_req zone=${zone('rate', forward, limits)}${burst};`]),
    ...(openConnections === undefined
      ? []
      : [
          ...OPEN,
          `limit_conn ${zone('open', forward, limits)} ${openConnections};`,
          // nginx takes the share from above only where no other count stands.
          ...shareLines(forward).lines,
        ]),
  ];
}

/** The same of a TCP or UDP forward, which has one count. In the error log stand refused connections, unless any client can cause many. */
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
