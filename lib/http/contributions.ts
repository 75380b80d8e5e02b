import type { WebForward } from '../forward/resolved';
import type { Block, Line } from '../nginx/block';
import type { AdmissionScope, BesideScope, ListenScope, NginxParts, Part, SettingScope } from './feature';
import { FEATURES } from './features';
import type { Header } from './header';
import type { HttpOptions, HttpRoute } from './route';

/** The renderer's view of the features: what all of them add to a context of nginx.conf, in the order of the file. */

const LAST = 1000;

type Context = 'http' | 'forward' | 'server' | 'serverEnd' | 'check' | 'forwarding';

type ScopeOf<C extends Context> =
  NonNullable<NginxParts[C]> extends infer P ? (P extends Part<infer S> ? S : never) : never;

/** What all features add to a context. `core` are the renderer's own lines that stand between those of features. */
export function linesOf<C extends Context>(
  context: C,
  scope: ScopeOf<C>,
  core: readonly Part<ScopeOf<C>>[] = [],
): readonly Line[] {
  const parts = all(context).flat() as readonly Part<ScopeOf<C>>[];
  return inOrder([...parts, ...core]).flatMap((part) => part.lines(scope));
}

/** The settings of a server or location. `answers`: only those that the gateway's own answers need. */
export function settingLines(scope: SettingScope, which: 'all' | 'answers' = 'all'): readonly Line[] {
  return inOrder(all('setting'))
    .filter((part) => which === 'all' || part.answers)
    .flatMap((part) => part.lines(scope));
}

export function admissionLines(scope: AdmissionScope): readonly Line[] {
  return inOrder(all('admission')).flatMap((part) => part.lines(scope));
}

/** The statuses with which features may refuse a request before its path is looked at. */
export function refusedStatuses(forward: WebForward): readonly number[] {
  return inOrder(all('admission')).flatMap((part) => part.refuses(forward));
}

/** Locations beside the one of a route. `redirect` are those of a redirect. */
export function placesBeside(scope: BesideScope, redirect: readonly Block[]): readonly Block[] {
  const core = { order: 30, blocks: () => redirect };
  return inOrder([...all('beside'), core]).flatMap((part) => part.blocks(scope));
}

export function upstreamLines(route: HttpRoute): readonly Line[] {
  return all('upstream').flatMap((lines) => lines(route));
}

export function listenLines(scope: ListenScope): readonly Line[] {
  return all('listen').flatMap((lines) => lines(scope));
}

export function hostServerLines(forwards: readonly WebForward[]): readonly Line[] {
  return all('hostServer').flatMap((lines) => lines(forwards));
}

/** Whether some requests of a route are forwarded by a location beside it. */
export function leadsBeside(route: HttpRoute): boolean {
  return all('leadsBeside').some((leads) => leads(route));
}

/** Options of a route that follow from others. */
export function implied(route: HttpRoute): Partial<HttpOptions> {
  return Object.assign({}, ...all('implies').map((implies) => implies(route)));
}

/** Headers on all answers of a forward. */
export function forwardHeaders(forward: WebForward): readonly Header[] {
  return all('headers').flatMap((headers) => headers(forward));
}

/** Headers on answers of all forwards. */
export function commonHeaders(forwards: readonly WebForward[]): readonly Header[] {
  return inOrder(all('commonHeaders')).flatMap(({ headers }) => headers(forwards));
}

/** Headers of requests that no target gets. */
export function blankedNames(forwards: readonly WebForward[]): readonly string[] {
  return all('blanked').flatMap((names) => names(forwards));
}

function all<K extends keyof NginxParts>(context: K): readonly NonNullable<NginxParts[K]>[] {
  return FEATURES.flatMap(({ nginx }) => {
    const part = nginx?.[context];
    return part === undefined ? [] : [part as NonNullable<NginxParts[K]>];
  });
}

function inOrder<T extends { readonly order?: number }>(parts: readonly T[]): readonly T[] {
  return [...parts].sort((a, b) => (a.order ?? LAST) - (b.order ?? LAST));
}
