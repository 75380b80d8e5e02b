// biome-ignore-all lint/suspicious/noEmptyInterface: the files of the features fill them.

/**
 * What features read from props. Each feature's file adds its values to one of these interfaces (`declare module`). So
 * they are typed here without importing the features, which need the whole forward to render themselves.
 */

/** Of a forward, a host or a path; inherited. */
export interface RouteValues {}

/** Only of a path. */
export interface PathValues {}

/** Of a forward or a host; inherited by hosts. */
export interface SiteValues {}

/** Of a forward. */
export interface ForwardValues {}

/** Of an HTTPS forward. */
export interface HttpsValues {}

/** Everything that a forward, host or path may have. */
export type PlaceValues = RouteValues & PathValues & SiteValues;
