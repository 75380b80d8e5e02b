import { RESERVED_GIB } from '../http/disk';
import type { ImportedForward } from './imported';

/** A disk that holds the caches and the largest request body, in GiB, if the default one might not. */
export function diskFor(forwards: Readonly<Record<string, ImportedForward>>): { readonly diskGiB?: number } {
  const sizes = { sizeMb: 0, maxBodyMiB: 0 };
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { sizeMb, maxBodyMiB } = value as Readonly<Record<string, unknown>>;
    if (typeof sizeMb === 'number') sizes.sizeMb += sizeMb;
    if (typeof maxBodyMiB === 'number') sizes.maxBodyMiB = Math.max(sizes.maxBodyMiB, maxBodyMiB);
    for (const part of Object.values(value)) visit(part);
  };
  visit(forwards);
  const needed = Math.ceil((sizes.sizeMb + sizes.maxBodyMiB) / 1024) + RESERVED_GIB;
  return needed > DEFAULT_GIB ? { diskGiB: needed } : {};
}

const DEFAULT_GIB = 8;
