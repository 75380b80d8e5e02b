// biome-ignore-all lint/suspicious/noEmptyInterface: the files of the features fill them.

/*
 * What features read from props. The file of each feature adds its own values to one of these (`declare module`), so that all can be
 * typed here without an import of the features, which need the whole forward to render themselves.
 */

/** At a forward, a host or a path; inherited. */
export interface RouteValues {}

/** At a path alone. */
export interface PathValues {}

/** At a forward or a host; inherited by hosts. */
export interface SiteValues {}

/** At a forward. */
export interface ForwardValues {}

/** At an HTTPS forward. */
export interface HttpsValues {}

/** All that may hold at a forward, host or path. */
export type PlaceValues = RouteValues & PathValues & SiteValues;
