/**
 * Unlimited user-data for hosts that are booted without AWS: they have no Parameter Store to read scripts from, and the
 * lab's metadata service serves any length.
 */
export const UNLIMITED = Number.POSITIVE_INFINITY;
