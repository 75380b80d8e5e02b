export function firstDifference(folder: string): string | undefined;
