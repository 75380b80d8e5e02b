import type { WebForward } from '../forward/resolved';
import type { Block, Line } from '../nginx/block';
import type { BesideScope, ListenScope, NginxParts, Part, SettingScope } from './feature';
import { FEATURES } from './features';
import type { Header } from './header';
import type { HttpOptions, HttpRoute } from './route';

/** The renderer's view of the features: what all of them add to a context of nginx.conf, in the order of the file. */

/** Where parts without an `order` stand. */
const LAST = 1000;

/** What features add to a context: parts with lines, or functions. */
type Item<C extends keyof NginxParts> = Exclude<NonNullable<NginxParts[C]>, readonly unknown[]>;

/** Contexts that are made of lines. */
type LineContext = { [C in keyof NginxParts]-?: Item<C> extends Part<never> ? C : never }[keyof NginxParts];

type ScopeOf<C extends LineContext> = Item<C> extends Part<infer Scope> ? Scope : never;

/** What all features add to a context, in the order of the list of features. */
function all<C extends keyof NginxParts>(context: C): readonly Item<C>[] {
  return FEATURES.flatMap(({ nginx }) => (nginx?.[context] ?? []) as Item<C> | readonly Item<C>[]);
}

function inOrder<T extends { readonly order?: number }>(parts: readonly T[]): readonly T[] {
  return parts.toSorted((a, b) => (a.order ?? LAST) - (b.order ?? LAST));
}

/**
 * Renders a context of lines. `core` are lines of the renderer's own that stand among those of features.
 * @returns a function from the scope to the lines, so that the parts are put in order once and not for each location
 */
export function linesOf<C extends LineContext>(
  context: C,
  core: readonly Part<ScopeOf<C>>[] = [],
): (scope: ScopeOf<C>) => readonly Line[] {
  const parts = inOrder([...(all(context) as readonly Part<ScopeOf<C>>[]), ...core]);
  return (scope) => parts.flatMap((part) => part.lines(scope));
}

const ANSWERS = inOrder(all('setting')).filter((part) => part.answers);

/** The settings that answers of the gateway itself need, in the locations that give them. */
export function answerLines(scope: SettingScope): readonly Line[] {
  return ANSWERS.flatMap((part) => part.lines(scope));
}

const ANSWER_OPTIONS = FEATURES.filter(({ nginx }) => nginx?.setting?.answers).flatMap(({ props }) =>
  Object.keys(props),
) as (keyof HttpOptions)[];

/** Whether a route's own answers differ from those of its site. */
export function hasOwnAnswers({ overrides }: HttpRoute): boolean {
  return ANSWER_OPTIONS.some((option) => overrides[option] !== undefined);
}

const ADMISSION = all('admission');

/** The statuses with which features may refuse a request before its path is looked at. */
export function refusedStatuses(forward: WebForward): readonly number[] {
  return [...new Set(ADMISSION.flatMap((part) => part.refuses?.(forward) ?? []))].toSorted((a, b) => a - b);
}

const BESIDE = inOrder(all('beside'));

/** Locations beside the one of a route. */
export function placesBeside(scope: BesideScope): readonly Block[] {
  return BESIDE.flatMap((part) => part.blocks(scope));
}

const COMMON_HEADERS = inOrder(all('commonHeaders'));

/** Headers on answers of all forwards. */
export function commonHeaders(forwards: readonly WebForward[]): readonly Header[] {
  return COMMON_HEADERS.flatMap(({ headers }) => headers(forwards));
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

/** Whether some requests of a route go to a location beside it that forwards them. */
export function leadsBeside(route: HttpRoute): boolean {
  return all('leadsBeside').some((leads) => leads(route));
}

/** Whether requests of a server or location are counted, so that refusals must be counted too. */
export function isLimited(options: HttpOptions): boolean {
  return all('limits').some((limits) => limits(options));
}

/** Whether the http context needs the key of clients. */
export function usesClientKey(forwards: readonly WebForward[]): boolean {
  return all('clientKey').some((uses) => uses(forwards));
}

/** When old workers stop after a reload; empty if they may finish their connections. */
export function shutdownLines(forwards: readonly WebForward[]): readonly Line[] {
  return all('shutdown').flatMap((lines) => lines(forwards));
}

/** The variable with the path that a route's targets get. Empty: nginx takes its own. */
export function targetPath(route: HttpRoute): string {
  return all('targetPath')
    .map((path) => path(route))
    .join('');
}

/** Options of a route that follow from others. */
export function implied(route: HttpRoute): Partial<HttpOptions> {
  return Object.assign({}, ...all('implies').map((implies) => implies(route)));
}

/** Headers on all answers of a forward. */
export function forwardHeaders(forward: WebForward): readonly Header[] {
  return all('headers').flatMap((headers) => headers(forward));
}

/** Headers of requests that no target gets. */
export function blankedNames(forwards: readonly WebForward[]): readonly string[] {
  return all('blanked').flatMap((names) => names(forwards));
}
