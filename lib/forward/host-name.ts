/** Host names in lower case (RFC 1123, section 2.1). The first label may be a star, for all names below. */
const HOST = /^(?=.{1,253}$)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

export function isHostName(text: string): boolean {
  return HOST.test(text);
}

/**
 * Whether a CA issues certificates for the name: it has at least two labels, the last one has at least two characters
 * and is no number (neither `localhost` nor an address), and there is no star, which needs a DNS record.
 */
export function isPublicName(text: string): boolean {
  return isHostName(text) && /^[^*].*\.(?=[^.]*[a-z])[^.]{2,}$/.test(text);
}

/** Whether a name with a star covers another name, which may have a star itself. */
export function coversHost(name: string, other: string): boolean {
  return name.startsWith('*.') && name !== other && other.endsWith(name.slice(1));
}
