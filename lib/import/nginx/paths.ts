/** The paths of a forward's `routes` that a location stands for. */
export interface Paths {
  readonly paths: readonly string[];
  /** How the location matches otherwise. */
  readonly differs?: string;
}

const PATH = /^(\/[a-z0-9._~!()+,:=@-]*)+$/i;

const NO_PATH = 'a path has letters, digits and - . _ ~ ! ( ) + , : = @ between the slashes';

/** How often an expression may be multiplied out. */
const MOST_PATHS = 30;

/** @returns why there are none */
export function pathsOf(args: readonly string[]): Paths | { readonly why: string } {
  const [modifier, text = ''] =
    args.length > 1 ? args : /^(=|~\*|~|\^~)/.exec(args[0] ?? '') === null ? ['', args[0]] : split(args[0] ?? '');
  if (modifier === '~' || modifier === '~*') return ofExpression(text, modifier === '~*');
  if (!PATH.test(text) || /\/\/|\/\.{1,2}(\/|$)/.test(text)) return { why: NO_PATH };
  if (modifier === '=') return { paths: [text] };
  if (text.endsWith('/')) return { paths: [`${text}*`] };
  return {
    paths: [text, `${text}/*`],
    differs: `other paths that begin with ${text}, such as ${text}x, are not covered`,
  };
}

function split(joined: string): readonly [string, string] {
  const modifier = /^(=|~\*|~|\^~)/.exec(joined)?.[0] ?? '';
  return [modifier, joined.slice(modifier.length)];
}

const TEXT = String.raw`(?:[\w~@,:=-]|\\[.\-/]|\.(?![*+?]))+`;
const SEGMENT = String.raw`/(?:${TEXT}|\((?:\?:)?${TEXT}(?:\|${TEXT})*\))`;
const TAIL = String.raw`|\$|/|/\.[*+]\$?|/\(\.[*+]\)\$?|\(/\.\*\)\??\$?|\((?:\?:)?/\|\$\)|/\?\$|\(?\.\*\)?\$?`;
const EXPRESSION = new RegExp(String.raw`^\^((?:${SEGMENT})+)(${TAIL})$`);

/** A regular expression that only lists prefixes or paths, such as `^/(api|auth)/` or `^/health$`. */
function ofExpression(expression: string, anyCase: boolean): Paths | { readonly why: string } {
  const match = EXPRESSION.exec(expression);
  if (match === null) return { why: 'paths are exact, or prefixes that end with a slash' };
  const [, segments = '', tail = ''] = match;
  const starts = multiply(segments);
  if (starts === undefined || !starts.every((start) => PATH.test(start))) return { why: NO_PATH };
  const differs = anyCase ? { differs: 'upper and lower case differ' } : {};
  if (tail === '$') return { paths: starts, ...differs };
  if (tail === '/?$') return { paths: starts.flatMap((start) => [start, `${start}/`]), ...differs };
  if (tail.startsWith('/') || /^\(\/\.\*\)\$?$/.test(tail))
    return { paths: starts.map((start) => `${start}/*`), ...differs };
  const both = starts.flatMap((start) => [start, `${start}/*`]);
  if (/^\((\?:)?\//.test(tail)) return { paths: both, ...differs };
  return { paths: both, differs: `other paths that begin so, such as ${starts[0]}x, are not covered` };
}

/** All texts of segments with alternatives: `/(a|b)/c` is `/a/c` and `/b/c`. */
function multiply(segments: string): readonly string[] | undefined {
  let all: readonly string[] = [''];
  for (const [, alternatives, text] of segments.matchAll(/\/(?:\((?:\?:)?([^)]*)\)|([^/(]+))/g)) {
    const choices = (alternatives?.split('|') ?? [text ?? '']).map((one) => `/${one.replaceAll('\\', '')}`);
    all = all.flatMap((start) => choices.map((choice) => start + choice));
    if (all.length > MOST_PATHS) return undefined;
  }
  return all;
}
