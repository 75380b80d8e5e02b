export const CHANGES = ['live', 'restart', 'replace'] as const;

/**
 * What happens to the host when its forwards change.
 * - `live`: the running host fetches the new content, tries, applies and proves it; nothing stops.
 * - `restart`: the same instance stops, gets its new user-data, and starts: disk, application, instance id and address stay.
 * - `replace`: a new instance is built, proves itself and then takes the address; traffic never stops, and the disk is new.
 */
export type OnChange = (typeof CHANGES)[number];
