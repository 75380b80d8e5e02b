/**
 * Does something with each of many, some of them at a time.
 * @param most how many at a time
 * @returns what it gave for each, in the same order
 */
export async function atOnce<T, R>(
  most: number,
  all: readonly T[],
  work: (one: T) => Promise<R>,
): Promise<readonly R[]> {
  const done: R[] = [];
  let next = 0;
  const worker = async () => {
    while (next < all.length) {
      const at = next++;
      done[at] = await work(all[at] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, all.length) }, worker));
  return done;
}
