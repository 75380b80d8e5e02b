export const CHANGES = ['live', 'restart', 'replace'] as const;

/**
 * What happens to the host when its forwards change.
 * - `live`: the running host fetches the new content, tries, applies and proves it; nothing stops.
 * - `restart`: the same instance stops, gets its new user-data, and starts: disk, application, instance id and address stay.
 * - `replace`: a new instance is built, proves itself and then takes the address; traffic never stops, and the disk is new.
 */
export type OnChange = (typeof CHANGES)[number];

export const TRIGGERS = ['tag', 'poll'] as const;

/**
 * How a running host with `onChange: 'live'` learns of new content.
 * - `tag`: a tag of its instance names the content. The host reads it from its metadata service every second.
 * - `poll`: the host reads the pointer from Parameter Store every 30 s. The instance has no such tag.
 */
export type LiveTrigger = (typeof TRIGGERS)[number];
