import type { Balance } from '../forward/balance';
import type { Header } from '../forward/http-headers';
import type { NginxForward, WebForward } from '../forward/resolved';
import { block, type Line } from './block';
import { CLIENT_KEY } from './client-key';
import type { RequestFacts } from './request-facts';

/** The cookie that keeps a browser with its target; what it holds says nothing to anybody else. */
export const COOKIE = 'portway_target';

/** What a browser is known by: its cookie, or the one that it gets with this very answer. */
const BROWSER_KEY = '$portway_browser';

/** The method of a group of targets; round robin is what nginx does by itself. */
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

/** Whether the http or stream context of these forwards needs the key of clients. */
export function balancesBySource(forwards: readonly NginxForward[]): boolean {
  return forwards.some((f) => balancesOf(f).includes('source'));
}

export function balancesByCookie(forwards: readonly WebForward[]): boolean {
  return forwards.some((f) => balancesOf(f).includes('cookie'));
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

/** Once for all HTTP forwards: the gateway's own cookie. */
export function cookieDefaults(forwards: readonly WebForward[], { scheme }: RequestFacts): readonly Line[] {
  if (!balancesByCookie(forwards)) return [];
  return [
    '',
    "# A browser keeps its target by a cookie of the gateway's own: an application's cookie comes too late, its target is chosen then.",
    block(`map $cookie_${COOKIE} ${BROWSER_KEY}`, ["'' $request_id;", `default $cookie_${COOKIE};`]),
    "map '' $portway_sticks { default ''; }",
    `map ${scheme} $portway_secure { https '; Secure'; default ''; }`,
    block(`map "$portway_sticks $cookie_${COOKIE}" $portway_new_cookie`, [
      `"1 " "${COOKIE}=$request_id; Path=/; HttpOnly; SameSite=Lax$portway_secure";`,
      "default '';",
    ]),
  ];
}

/** What answers carry where a browser is to keep its target and has no cookie yet. */
export function cookieHeaders(forwards: readonly WebForward[]): readonly Header[] {
  return balancesByCookie(forwards) ? [['Set-Cookie', '$portway_new_cookie']] : [];
}

/** In a location. */
export function cookieLines(balance: Balance): readonly Line[] {
  return balance === 'cookie' ? ['set $portway_sticks 1;'] : [];
}
