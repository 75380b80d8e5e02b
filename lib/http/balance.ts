import type { Balance, HttpBalance } from '../forward/balance';
import { readBalance } from '../forward/read-balance';
import type { WebForward } from '../forward/resolved';
import { BROWSER_KEY, balancesBySource } from '../nginx/balance';
import { block } from '../nginx/block';
import type { HttpFeature } from './feature';
import { set } from './set';

/** @category Targets of HTTP */
export interface BalanceProps {
  /**
   * How several targets share the requests. `'round-robin'`: in turn. `'least-connections'`: the one with the fewest
   * open connections. `'source'`: a client (an IPv4 address or an IPv6 /64) keeps its target. `'cookie'`: a browser
   * keeps its target, by a cookie of the gateway's own.
   * @default 'round-robin'
   * @refused with only one target
   * @see docs/delivery.md#sharing
   */
  readonly balance?: HttpBalance;
}

export interface BalanceValues {
  readonly balance?: Balance;
}

declare module './values' {
  interface RouteValues extends BalanceValues {}
}

/** How targets share requests. The group of targets states the methods; only `cookie` belongs to HTTP. */
export const balance: HttpFeature<BalanceProps, BalanceValues> = {
  props: { balance: true },
  read(at, props, problems, { isLeaf, targets }) {
    if (isLeaf && targets < 2 && props.balance !== undefined)
      problems.add(`${at}.balance`, 'must be left out where there is one target', props.balance);
    return set({ balance: readBalance(at, props.balance, 'http', problems) });
  },
  nginx: {
    clientKey: balancesBySource,
    http: {
      order: 75,
      lines: ({ forwards, facts }) =>
        balancesByCookie(forwards)
          ? [
              '',
              "# The gateway's own cookie keeps a browser on its target: an application's cookie is set after the choice.",
              block(`map $cookie_${COOKIE} ${BROWSER_KEY}`, ["'' $request_id;", `default $cookie_${COOKIE};`]),
              "map '' $portway_sticks { default ''; }",
              `map ${facts.scheme} $portway_secure { https '; Secure'; default ''; }`,
              block(`map "$portway_sticks $cookie_${COOKIE}" $portway_new_cookie`, [
                `"1 " "${COOKIE}=$request_id; Path=/; HttpOnly; SameSite=Lax$portway_secure";`,
                "default '';",
              ]),
            ]
          : [],
    },
    forwarding: {
      order: 60,
      lines: ({ route }) => (route.balance === 'cookie' ? ['set $portway_sticks 1;'] : []),
    },
    // Set if a browser should keep its target but has no cookie yet.
    commonHeaders: {
      order: 20,
      headers: (forwards) => (balancesByCookie(forwards) ? [['Set-Cookie', '$portway_new_cookie']] : []),
    },
  },
};

/** The cookie that keeps a browser with its target. Its value means nothing to anyone else. */
export const COOKIE = 'portway_target';

export function balancesByCookie(forwards: readonly WebForward[]): boolean {
  return forwards.some((f) => f.sites.some((s) => s.routes.some((r) => r.balance === 'cookie')));
}
