import type { PortRange } from '../forward/ports';
import type { Problems } from '../forward/problems';
import { type Block, block, type Line } from '../nginx/block';
import { NAME } from '../nginx/host';
import { NOTHING } from '../nginx/refusals';
import type { BesideScope, HttpFeature } from './feature';

/** @category Hosts and paths */
export interface RedirectProps {
  /**
   * Answers every request with a permanent redirect (308) that keeps path and query. `'https'` leads to the stack's
   * HTTPS forward, preferably the one on 443; an origin such as `'https://www.example.com'` leads to another site.
   * @default requests are forwarded
   * @refused together with `to`; `'https'` without an HTTPS forward
   */
  readonly redirectTo?: string;
}

export interface Redirect {
  /** An HTTPS port of the gateway, or the origin of another site. */
  readonly redirect?: number | string | undefined;
}

declare module './values' {
  interface RouteValues extends Redirect {}
}

export const redirect: HttpFeature<RedirectProps, Redirect> = {
  props: { redirectTo: true },
  read(at, { redirectTo }, problems, { httpsPorts, props: { to } }) {
    if (redirectTo === undefined) return {};
    const where = `${at}.redirectTo`;
    if (to !== undefined) problems.add(where, 'must stand alone: a redirect forwards nothing, so leave out to');
    return { redirect: readRedirect(where, redirectTo, httpsPorts, problems) };
  },
  // Hosts and paths have their own targets or redirect.
  merge: (_, { redirect: own }) => ({ redirect: own }),
  nginx: {
    // Last, since nothing after it runs.
    check: { order: 2000, lines: (scope) => answer(scope).lines },
    beside: { order: 30, blocks: (scope) => answer(scope).places },
  },
};

const ORIGIN = /^https?:\/\/[a-z0-9.-]+(:\d{1,5})?$/;

function readRedirect(
  at: string,
  redirectTo: unknown,
  httpsPorts: readonly PortRange[],
  problems: Problems,
): number | string | undefined {
  if (redirectTo !== 'https') {
    if (typeof redirectTo === 'string' && ORIGIN.test(redirectTo) && URL.canParse(redirectTo)) return redirectTo;
    problems.add(
      at,
      "must be 'https' or the address of a site such as 'https://www.example.com', without a path",
      redirectTo,
    );
    return undefined;
  }
  const port = (httpsPorts.find((p) => p.from === 443) ?? httpsPorts[0])?.from;
  if (port === undefined) problems.add(at, 'must have an HTTPS forward to lead to: add one made by Forward.https');
  return port;
}

/** Directly in the location, or beside it if requests must be counted first. */
function answer({ route: { id, redirect: to }, limited, answers }: BesideScope): {
  readonly lines: readonly Line[];
  readonly places: readonly Block[];
} {
  if (to === undefined) return { lines: [], places: [] };
  const line = `return 308 ${origin(to)}$request_uri;`;
  if (!limited) return { lines: [line], places: [] };
  const place = `@redirect-${id}`;
  return { lines: [`try_files ${NOTHING} ${place};`], places: [block(`location ${place}`, [...answers, line])] };
}

/** 308 keeps the method and body, so that a form posted to the old address still arrives. */
export function origin(to: number | string): string {
  if (typeof to === 'string') return to;
  return `https://${NAME}${to === 443 ? '' : `:${to}`}`;
}
