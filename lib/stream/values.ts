// biome-ignore-all lint/suspicious/noEmptyInterface: the files of the options fill them.

/**
 * What options read from props. Each option's file adds its values to one of these interfaces (`declare module`), as in
 * lib/http/values.ts.
 */

/** Of TCP, UDP and TLS forwards on nginx. */
export interface StreamValues {}

/** Of TCP and UDP forwards on nginx. */
export interface TransportValues {}
