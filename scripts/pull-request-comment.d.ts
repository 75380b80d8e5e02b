export const MARKER: string;
export function comment(files: Readonly<Record<string, string | undefined>>): string;
