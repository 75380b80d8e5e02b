/**
 * Room for user-data in hosts that are booted without AWS: they have no Parameter Store to read scripts from, and the lab's metadata service
 * takes any length.
 */
export const UNLIMITED = Number.POSITIVE_INFINITY;
