/** A block's bytes in the order in which equal contexts are adjacent. */
export interface Transformed {
  /** The last byte of each rotation of the block, in sorted order. */
  readonly last: Uint8Array;
  /** Which of the sorted rotations is the block itself. */
  readonly origin: number;
}

/** The Burrows-Wheeler transform of bzip2. */
export function burrowsWheeler(block: Uint8Array): Transformed {
  const size = block.length;
  const order = sortedRotations(block);
  return {
    last: Uint8Array.from(order, (start) => block[(start + size - 1) % size] as number),
    origin: order.indexOf(0),
  };
}

/**
 * Where each rotation begins, in sorted order. Each round doubles the length that is compared, so even a block that
 * repeats itself takes few rounds.
 */
function sortedRotations(block: Uint8Array): Int32Array {
  const size = block.length;
  let rank: Int32Array = Int32Array.from(block);
  let order = stableSort(
    Int32Array.from(block, (_, i) => i),
    rank,
  );
  let length = 0;
  for (let distinct = 0; distinct < size && length < size; length = length * 2 || 1) {
    // In the order of their second halves, so that a stable sort by the first halves sorts by both.
    if (length > 0)
      order = stableSort(
        order.map((start) => (start < length ? start + size : start) - length),
        rank,
      );
    rank = ranks(order, rank, length);
    distinct = (rank[order[size - 1] as number] as number) + 1;
  }
  return order;
}

/** The rank of each rotation by where it begins. Those whose halves have the same ranks share one. */
function ranks(order: Int32Array, halves: Int32Array, length: number): Int32Array {
  const size = order.length;
  const found = new Int32Array(size);
  for (let i = 1, rank = 0; i < size; i++) {
    const [before, start] = [order[i - 1] as number, order[i] as number];
    const isEqual =
      halves[before] === halves[start] && halves[(before + length) % size] === halves[(start + length) % size];
    if (!isEqual) rank++;
    found[start] = rank;
  }
  return found;
}

/** Sorts items by their keys, which are small numbers. */
function stableSort(items: Int32Array, keys: Int32Array): Int32Array {
  const places = new Int32Array(Math.max(256, items.length) + 1);
  for (const key of keys) places[key + 1] = (places[key + 1] as number) + 1;
  for (let i = 1; i < places.length; i++) places[i] = (places[i] as number) + (places[i - 1] as number);
  const sorted = new Int32Array(items.length);
  for (const item of items) {
    const key = keys[item] as number;
    const place = places[key] as number;
    sorted[place] = item;
    places[key] = place + 1;
  }
  return sorted;
}
