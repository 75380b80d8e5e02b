import { BitReader } from './bit-reader';

/** Symbols after which the next of a block's Huffman tables is used. */
const RUN = 50;

/**
 * The bytes of a bzip2 archive with one stream, as `bzip2` makes them. Sums are not checked: whoever wrote the archive into a template
 * knows its SHA-256.
 * @throws Error if the bytes are something else
 */
export function bunzip2(bytes: Uint8Array): Uint8Array {
  const bits = new BitReader(bytes);
  if (bits.read(24) !== 0x425a68) throw new Error('must be a bzip2 archive');
  bits.read(8);
  const found: number[] = [];
  while (bits.read(24) === 0x314159 && bits.read(24) === 0x265359) {
    bits.read(32);
    if (bits.read(1) === 1) throw new Error('must be a bzip2 archive without randomized blocks');
    const start = bits.read(24);
    unrepeated(untransformed(blockOf(bits), start), found);
  }
  return Uint8Array.from(found);
}

/** A block after Huffman coding, run lengths and move-to-front are undone. */
function blockOf(bits: BitReader): readonly number[] {
  const ranges = Array.from({ length: 16 }, () => bits.read(1) === 1);
  const recent = ranges.flatMap((used, i) =>
    used ? Array.from({ length: 16 }, (_, k) => (bits.read(1) === 1 ? [i * 16 + k] : [])).flat() : [],
  );
  const end = recent.length + 1;
  const [tables, selectors] = [bits.read(3), bits.read(15)];
  const order = Array.from({ length: tables }, (_, i) => i);
  const chosen = Array.from({ length: selectors }, () => toFront(order, ones(bits)));
  const codes = Array.from({ length: tables }, () => codesOf(bits, end + 1));
  const block: number[] = [];
  for (let at = 0, run = 0, weight = 1; ; at++) {
    const symbol = symbolOf(bits, codes[chosen[Math.floor(at / RUN)] ?? -1]);
    if (symbol < 2) {
      run += weight << symbol;
      weight *= 2;
      continue;
    }
    for (; run > 0; run--) block.push(recent[0] as number);
    weight = 1;
    if (symbol === end) return block;
    block.push(toFront(recent, symbol - 1));
  }
}

/** Symbols by code, with the code's length in front: `1` and the code's bits. */
type Codes = ReadonlyMap<number, number>;

function codesOf(bits: BitReader, symbols: number): Codes {
  let length = bits.read(5);
  const lengths = Array.from({ length: symbols }, () => {
    while (bits.read(1) === 1) length += bits.read(1) === 1 ? -1 : 1;
    return length;
  });
  const codes = new Map<number, number>();
  for (let size = 1, code = 0; size <= 20; size++, code *= 2)
    for (const [symbol, one] of lengths.entries()) if (one === size) codes.set(2 ** size + code++, symbol);
  return codes;
}

function symbolOf(bits: BitReader, codes: Codes | undefined): number {
  for (let code = 1, size = 0; size < 20; size++) {
    code = code * 2 + bits.read(1);
    const symbol = codes?.get(code);
    if (symbol !== undefined) return symbol;
  }
  throw new Error('must be a bzip2 archive, but has an unknown code');
}

function ones(bits: BitReader): number {
  let count = 0;
  while (bits.read(1) === 1) count++;
  return count;
}

function toFront(list: number[], at: number): number {
  const [value] = list.splice(at, 1);
  if (value === undefined) throw new Error('must be a bzip2 archive, but names a value that is not there');
  list.unshift(value);
  return value;
}

/** Undoes the Burrows-Wheeler transform. */
function untransformed(last: readonly number[], start: number): readonly number[] {
  const firsts = new Array<number>(257).fill(0);
  for (const byte of last) firsts[byte + 1] = (firsts[byte + 1] ?? 0) + 1;
  for (let byte = 0; byte < 256; byte++) firsts[byte + 1] = (firsts[byte + 1] ?? 0) + (firsts[byte] ?? 0);
  const next = new Array<number>(last.length);
  for (const [i, byte] of last.entries()) {
    const at = firsts[byte] ?? 0;
    next[at] = i;
    firsts[byte] = at + 1;
  }
  let at = start;
  return last.map(() => {
    at = next[at] as number;
    return last[at] as number;
  });
}

/** After four equal bytes a fifth says how many more there are. */
function unrepeated(block: readonly number[], found: number[]): void {
  for (let i = 0, equal = 0; i < block.length; i++) {
    const byte = block[i] as number;
    if (equal === 4) {
      const value = block[i - 1] as number;
      for (let k = 0; k < byte; k++) found.push(value);
      equal = 0;
      continue;
    }
    equal = equal > 0 && byte === block[i - 1] ? equal + 1 : 1;
    found.push(byte);
  }
}
