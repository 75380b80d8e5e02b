import leven from 'leven';
import type { Problems } from './problems';

/** Messages list all props of an object with at most this many. */
const SHORT = 6;

/**
 * Refuses a prop that its object does not have. If it were ignored, a misspelt `allowFrom` would open a port to the
 * world.
 * @param at the prop's path
 * @param known the props of the object that it was written in
 */
export function refuseUnknown(
  at: string,
  name: string,
  known: readonly string[],
  got: unknown,
  problems: Problems,
): void {
  const hint = hintFor(name, known, problems.places);
  if (known.length <= SHORT)
    problems.add(at, `must be one of ${known.join(', ')}${hint === undefined ? '' : ` (${hint})`}`);
  else if (hint?.startsWith('it is for') === true) problems.add(at, `must be left out: ${hint}`, got);
  else problems.add(at, `is unknown: ${hint ?? `known are ${known.join(', ')}`}`, got);
}

function hintFor(name: string, known: readonly string[], places: Problems['places']): string | undefined {
  const near = didYouMean(name, known);
  const meant = near === undefined ? undefined : `did you mean ${near}?`;
  if (near !== undefined && letters(near) === letters(name)) return meant;
  const titles = placesOf(name, places);
  if (titles !== undefined) {
    const belongs = `it is for ${titles}`;
    // A known prop of a forward is rarely a typo, but a prop of a small object may well be a misspelling of another
    // one.
    return meant === undefined || titles.includes('orward') ? belongs : `${belongs}; or ${meant}`;
  }
  if (meant !== undefined || known.length <= SHORT) return meant;
  const other = didYouMean(name, new Set(places.flatMap(([, props]) => Object.keys(props))));
  return other === undefined ? undefined : `did you mean ${other}, which is for ${placesOf(other, places)}?`;
}

/** The known name that was probably meant; undefined if none is close. */
export function didYouMean(name: string, known: Iterable<string>): string | undefined {
  const wanted = letters(name);
  // Two swapped letters are two edits. In very short names, even one edit makes another word.
  const most = wanted.length < 4 ? 0 : Math.min(3, Math.floor(wanted.length * 0.4));
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = leven(wanted, letters(candidate));
    if (distance <= most && (best === undefined || distance < best.distance)) best = { name: candidate, distance };
  }
  return best?.name;
}

/** Case, hyphens and underscores are what people mix up most. */
function letters(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, '');
}

/** Where a prop of this name may stand, in words. */
function placesOf(name: string, places: Problems['places']): string | undefined {
  const titles = places.filter(([, props]) => Object.hasOwn(props, name)).map(([title]) => title);
  if (titles.length === 0) return undefined;
  const forwards = titles.filter((title) => title.startsWith('Forward.'));
  const all = places.filter(([title]) => title.startsWith('Forward.')).length;
  if (forwards.length === all) return 'the forward itself';
  // If a forward takes the prop, its parts may too; the forward is the better advice.
  const best = forwards.length > 0 ? forwards : titles;
  return best.length === 0 ? undefined : [best.slice(0, -1).join(', '), best.at(-1)].filter(Boolean).join(' and ');
}
