import { BLANKED } from '../forward/pass-headers';
import type { WebForward } from '../forward/resolved';
import type { Line } from './block';

/** Headers that the gateway writes itself or whose meaning it vouches for, beside those that it blanks. */
const WRITTEN: readonly string[] = [
  ...['X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Forwarded-Port', 'X-Forwarded-Prefix'],
  ...['X-Real-IP', 'X-Request-ID'],
  // A target that took `Content_Length` for `Content-Length` would see another end of the request than nginx.
  ...['Content-Length', 'Transfer-Encoding'],
];

/**
 * Names that CGI, WSGI and PHP cannot tell from those headers (`X_Forwarded_For`): blanked for all forwards, where any of them lets
 * underscores pass. The others drop such names before.
 */
export function lookalikes(forwards: readonly WebForward[]): readonly string[] {
  if (!forwards.some((f) => f.underscoresInHeaders)) return [];
  return [...WRITTEN, ...BLANKED].flatMap(withUnderscores);
}

/** All spellings of a name with one underscore or more in place of hyphens. */
function withUnderscores(name: string): readonly string[] {
  const [first = '', ...rest] = name.split('-');
  return rest
    .reduce<string[]>((spellings, word) => spellings.flatMap((s) => [`${s}-${word}`, `${s}_${word}`]), [first])
    .filter((spelling) => spelling !== name);
}

/** In each server of a forward: those of a name too, since nginx reads some of a head before it knows the name. */
export function underscoreLines(forward: WebForward): readonly Line[] {
  return forward.underscoresInHeaders ? ['underscores_in_headers on;'] : [];
}
