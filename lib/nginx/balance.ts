import type { Balance } from '../forward/balance';
import type { NginxForward } from '../forward/resolved';
import type { Line } from './block';
import { CLIENT_KEY } from './client-key';

/** What identifies a browser: its cookie, or the one that it gets with this answer. */
export const BROWSER_KEY = '$portway_browser';

/** The balancing method of a group of targets. nginx's default is round robin. */
export function balanceMethod(balance: Balance): readonly Line[] {
  switch (balance) {
    case 'least-connections':
      return ['least_conn;'];
    case 'source':
      return [`hash ${CLIENT_KEY} consistent;`];
    case 'cookie':
      return [`hash ${BROWSER_KEY} consistent;`];
    default:
      return [];
  }
}

/** Whether the http or stream context needs the client key for these forwards. */
export function balancesBySource(forwards: readonly NginxForward[]): boolean {
  return forwards.some((f) => balancesOf(f).includes('source'));
}

function balancesOf(forward: NginxForward): readonly Balance[] {
  switch (forward.kind) {
    case 'tcp':
    case 'udp':
      return [forward.balance];
    case 'tls':
      return forward.tlsHosts.map((host) => host.balance);
    default:
      return forward.sites.flatMap((s) => s.routes).map((route) => route.balance);
  }
}
