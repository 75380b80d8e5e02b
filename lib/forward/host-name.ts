/** Host names in lower case (RFC 1123, section 2.1), one of which may begin with a star for all names below it. */
const HOST = /^(?=.{1,253}$)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

export function isHostName(text: string): boolean {
  return HOST.test(text);
}

/**
 * Whether a CA gives certificates to it: two labels at least, the last of them of two characters and no number (no `localhost`, no
 * address), and no star, which wants an entry in DNS.
 */
export function isPublicName(text: string): boolean {
  return isHostName(text) && /^[^*].*\.(?=[^.]*[a-z])[^.]{2,}$/.test(text);
}

/** Whether a name with a star stands for another one, which may have a star itself. */
export function coversHost(name: string, other: string): boolean {
  return name.startsWith('*.') && name !== other && other.endsWith(name.slice(1));
}
