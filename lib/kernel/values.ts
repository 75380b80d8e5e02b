// biome-ignore-all lint/suspicious/noEmptyInterface: the files of the features fill them.

/**
 * What options read from props. Each option's file adds its values to one of these interfaces (`declare module`). So
 * they are typed here without importing the features, which need the whole forward to render themselves.
 */

/** Of every forward in the kernel. */
export interface KernelForwardValues {}

/** Of TCP and UDP forwards in the kernel. */
export interface KernelPortValues {}

/** Of the gateway. */
export interface GatewayValues {}
