import type { Lists } from '../forward/lists';
import type { Problems } from '../forward/problems';
import type { ForwardFeature, HttpFeature, WrittenPlace } from './feature';
import type { HttpSite } from './route';
import type { PlaceValues } from './values';

/** What is written at a forward, host or path, and the result with what it inherits. */
export interface Place {
  readonly stated: Partial<PlaceValues>;
  readonly holds: Partial<PlaceValues>;
}

/** Reads the features that a place may have. `above` is the place that it inherits from. */
export function readPlace(
  at: string,
  {
    place,
    features,
    above,
  }: {
    readonly place: WrittenPlace;
    readonly features: readonly HttpFeature<object, object>[];
    readonly above?: Place;
  },
  problems: Problems,
): Place {
  const read = features.map((feature) => ({ feature, values: feature.read(at, place.props, problems, place) }));
  const stated = Object.assign({}, ...read.map(({ values }) => values));
  if (above === undefined) return { stated, holds: stated };
  const merged = read.map(({ feature, values }) => feature.merge?.(above.holds, values) ?? values);
  return { stated, holds: Object.assign({}, above.holds, ...merged) };
}

/** Reads the features that only a forward has, which no host or path inherits. */
export function readForwardOptions<Values extends object>(
  at: string,
  {
    features,
    props,
    sites,
    lists,
  }: {
    readonly features: readonly ForwardFeature<object, object>[];
    readonly props: object;
    readonly sites: readonly HttpSite[];
    readonly lists: Lists;
  },
  problems: Problems,
): Values {
  const values = Object.assign({}, ...features.map((feature) => feature.read(at, props, problems, lists)));
  for (const feature of features) feature.check?.(at, { values, props, sites }, problems);
  return values;
}
