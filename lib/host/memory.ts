/** Memory of the sizes below 2 GiB, in MiB. */
const SMALL: Readonly<Record<string, number>> = { nano: 512, micro: 1024 };

/**
 * The least memory of an instance type, in MiB. It is 2048 for all larger types, since no setting depends on more. A
 * token counts as the default type's size.
 */
export function memoryMiB(instanceType: string): number {
  const [, size] = /^[a-z0-9-]+\.([a-z0-9-]+)$/.exec(instanceType) ?? [];
  return size === undefined ? 1024 : (SMALL[size] ?? 2048);
}
