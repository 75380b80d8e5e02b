// biome-ignore-all lint/suspicious/noEmptyInterface: the files of the features fill them.

/*
 * What options read from props. The file of each option adds its own values to one of these (`declare module`), so that all can be
 * typed here without an import of the features, which need the whole forward to render themselves.
 */

/** Of every forward that the kernel carries. */
export interface KernelForwardValues {}

/** Of TCP and UDP forwards that the kernel carries. */
export interface KernelPortValues {}

/** Of the gateway. */
export interface GatewayValues {}
