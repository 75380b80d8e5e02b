/** A block's bytes in the order in which equal contexts are adjacent. */
export interface Transformed {
  /** The last byte of each rotation of the block, in sorted order. */
  readonly last: Uint8Array;
  /** Which of the sorted rotations is the block itself. */
  readonly origin: number;
}

/** Bytes that the first sort compares: with a start they fit into the 53 bits of a number. */
const FIRST = 4;
/** More than any start: a block has at most 900,000 bytes. */
const STARTS = 2 ** 20;

/** The Burrows-Wheeler transform of bzip2. */
export function burrowsWheeler(block: Uint8Array): Transformed {
  const size = block.length;
  const order = sortedRotations(block);
  const last = new Uint8Array(size);
  for (let i = 0; i < size; i++) last[i] = block[((order[i] as number) + size - 1) % size] as number;
  return { last, origin: order.indexOf(0) };
}

/**
 * Where each rotation begins, in sorted order. Each round doubles the length that is compared, so even a block that
 * repeats itself takes few rounds; and it looks only at groups of rotations that are still equal.
 */
function sortedRotations(block: Uint8Array): Int32Array {
  const size = block.length;
  const order = new Int32Array(size);
  // The place of the first rotation of the group that a start is in.
  const rank = new Int32Array(size);
  // A number for each rotation: what it is sorted by, and its start. Sorting numbers is what typed arrays are fastest at.
  const keys = new Float64Array(size);
  let bytes = 0;
  for (let i = 0; i < FIRST - 1; i++) bytes = (bytes << 8) | (block[i % size] as number);
  for (let start = 0; start < size; start++) {
    bytes = (bytes << 8) | (block[(start + FIRST - 1) % size] as number);
    keys[start] = (bytes >>> 0) * STARTS + start;
  }
  let groups = regrouped(keys, [0, size], order, rank);
  for (let length = FIRST; length < size && groups.length > 0; length *= 2) {
    for (let g = 0; g < groups.length; g += 2) {
      for (let i = groups[g] as number; i < (groups[g + 1] as number); i++) {
        const start = order[i] as number;
        keys[i] = (rank[(start + length) % size] as number) * STARTS + start;
      }
    }
    groups = regrouped(keys, groups, order, rank);
  }
  return order;
}

/**
 * Sorts groups of rotations that were equal by their keys, and writes down the order and the ranks.
 * @param groups where each begins and ends in the order, one after another
 * @returns the groups in them that are still equal
 */
function regrouped(keys: Float64Array, groups: readonly number[], order: Int32Array, rank: Int32Array): number[] {
  const equal: number[] = [];
  for (let g = 0; g < groups.length; g += 2) {
    const [from, to] = [groups[g] as number, groups[g + 1] as number];
    keys.subarray(from, to).sort();
    let first = from;
    let sortedBy = Math.floor((keys[from] as number) / STARTS);
    for (let i = from; i < to; i++) {
      const start = (keys[i] as number) - sortedBy * STARTS;
      order[i] = start;
      rank[start] = first;
      const next = i + 1 < to ? Math.floor((keys[i + 1] as number) / STARTS) : -1;
      if (next === sortedBy) continue;
      if (i > first) equal.push(first, i + 1);
      first = i + 1;
      sortedBy = next;
    }
  }
  return equal;
}
