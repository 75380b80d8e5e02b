/** Memory of the sizes that have less than 2 GiB, in MiB. */
const SMALL: Readonly<Record<string, number>> = { nano: 512, micro: 1024 };

/**
 * The least memory that an instance type has, in MiB, as far as what is sized by it can use more: from 2 GiB on all are alike. A token is
 * taken for the default types' size.
 */
export function memoryMiB(instanceType: string): number {
  const [, size] = /^[a-z0-9-]+\.([a-z0-9-]+)$/.exec(instanceType) ?? [];
  return size === undefined ? 1024 : (SMALL[size] ?? 2048);
}
