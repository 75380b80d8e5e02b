// biome-ignore-all lint/suspicious/noEmptyInterface: the files of the options fill them.

/*
 * What options read from props. The file of each option adds its own values to one of these (`declare module`), as in lib/http/values.ts.
 */

/** Of TCP, UDP and TLS forwards on nginx. */
export interface StreamValues {}

/** Of TCP and UDP forwards on nginx. */
export interface TransportValues {}
