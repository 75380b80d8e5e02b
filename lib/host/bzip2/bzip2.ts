import { BitWriter } from './bit-writer';
import { burrowsWheeler } from './burrows-wheeler';
import { codeLengths, codesOf } from './huffman';

/** Input bytes of a block. A run of four takes five, and a block may have 900,000. */
const BLOCK = 700_000;
/** Symbols that share a Huffman table. */
const GROUP = 50;
/** Fewer symbols than the first of these numbers have two tables, fewer than the second have three, and so on. */
const TABLE_STEPS = [200, 600, 1200, 2400];
/** How often groups choose among tables, and the tables adapt to the groups. Further rounds save only a few bytes. */
const ROUNDS = 4;

/**
 * Data in bzip2's format, which Python's standard library reads. It makes the host's programs a tenth smaller than zlib
 * does. Written here because npm has no encoder without native code that is maintained, and since any other bytes would
 * be another content of every host. The format is described by its source alone.
 * @see https://sourceware.org/bzip2/
 */
export function bzip2(data: Uint8Array): Buffer {
  const out = new BitWriter();
  out.write(32, 0x425a6839);
  let sums = 0;
  for (let start = 0; start < data.length; start += BLOCK) {
    const block = data.subarray(start, start + BLOCK);
    const sum = checksum(block);
    sums = ((sums << 1) | (sums >>> 31)) ^ sum;
    writeBlock(out, withoutRuns(block), sum);
  }
  out.write(24, 0x177245);
  out.write(24, 0x385090);
  out.write(32, sums);
  return out.end();
}

function writeBlock(out: BitWriter, block: Uint8Array, sum: number): void {
  out.write(24, 0x314159);
  out.write(24, 0x265359);
  out.write(32, sum);
  // The block is not randomised.
  out.write(1, 0);
  const { last, origin } = burrowsWheeler(block);
  out.write(24, origin);
  const used = [...new Set(last)].toSorted((a, b) => a - b);
  writeUsed(out, used);
  writeSymbols(out, symbolsOf(last, used), used.length + 2);
}

/** Four equal bytes, then the number of further ones. */
function withoutRuns(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length + Math.ceil(data.length / 4));
  let size = 0;
  for (let i = 0; i < data.length; ) {
    const byte = data[i] as number;
    let length = 1;
    while (length < 255 && data[i + length] === byte) length++;
    for (let copies = Math.min(length, 4); copies > 0; copies--) out[size++] = byte;
    if (length >= 4) out[size++] = length - 4;
    i += length;
  }
  return out.subarray(0, size);
}

/** Which bytes occur: a bit for each 16 of them, then 16 bits for each 16 of which some occur. */
function writeUsed(out: BitWriter, used: readonly number[]): void {
  const rows = Array.from({ length: 16 }, (_, row) => used.filter((byte) => byte >> 4 === row));
  const mask = (numbers: readonly number[]) => numbers.reduce((bits, number) => bits | (0x8000 >> (number & 15)), 0);
  out.write(16, mask(rows.flatMap((row, i) => (row.length > 0 ? [i] : []))));
  for (const row of rows.filter(({ length }) => length > 0)) out.write(16, mask(row));
}

/**
 * Each byte as its place in a list where it then moves to the front. A run at place 0 is its length, as a number with the digits
 * 1 (symbol 0) and 2 (symbol 1), the lowest first. All other places follow as 2 and up, and the highest symbol ends the block.
 */
function symbolsOf(bytes: Uint8Array, used: readonly number[]): Uint16Array {
  const recent = Uint8Array.from(used);
  const symbols: number[] = [];
  let run = 0;
  const endRun = () => {
    for (; run > 0; run = (run - 1) >> 1) symbols.push((run - 1) & 1);
  };
  for (const byte of bytes) {
    const place = recent.indexOf(byte);
    if (place === 0) {
      run++;
      continue;
    }
    endRun();
    symbols.push(place + 1);
    recent.copyWithin(1, 0, place);
    recent[0] = byte;
  }
  endRun();
  symbols.push(used.length + 1);
  return Uint16Array.from(symbols);
}

function writeSymbols(out: BitWriter, symbols: Uint16Array, alphabet: number): void {
  const { tables, choices } = adapted(symbols, firstTables(symbols, alphabet));
  out.write(3, tables.length);
  out.write(15, choices.length);
  writeChoices(out, choices, tables.length);
  for (const lengths of tables) writeTable(out, lengths);
  const codes = tables.map(codesOf);
  for (const [i, table] of choices.entries()) {
    const [lengths, code] = [tables[table] as readonly number[], codes[table] as readonly number[]];
    for (const symbol of symbols.subarray(i * GROUP, (i + 1) * GROUP))
      out.write(lengths[symbol] as number, code[symbol] as number);
  }
}

/** Tables to begin with: each is best for its own range of symbols, of about the same frequency as the others'. */
function firstTables(symbols: Uint16Array, alphabet: number): readonly (readonly number[])[] {
  const count = TABLE_STEPS.filter((step) => symbols.length >= step).length + 2;
  const sorted = symbols.toSorted();
  const bound = (i: number) => (i === count ? alphabet : (sorted[Math.floor((i * sorted.length) / count)] as number));
  return Array.from({ length: count }, (_, table) =>
    Array.from({ length: alphabet }, (_, symbol) => (symbol >= bound(table) && symbol <= bound(table + 1) ? 1 : 15)),
  );
}

/** The code lengths of each table by symbol, and the number of the table that each group uses. */
function adapted(symbols: Uint16Array, first: readonly (readonly number[])[]) {
  let tables = first;
  const choices = new Uint8Array(Math.ceil(symbols.length / GROUP));
  for (let round = 0; round < ROUNDS; round++) {
    const counts = tables.map((lengths) => lengths.map(() => 0));
    for (let i = 0; i < choices.length; i++) {
      const [from, to] = [i * GROUP, Math.min((i + 1) * GROUP, symbols.length)];
      const choice = cheapest(symbols, from, to, tables);
      choices[i] = choice;
      const own = counts[choice] as number[];
      for (let k = from; k < to; k++) (own[symbols[k] as number] as number)++;
    }
    tables = counts.map(codeLengths);
  }
  return { tables, choices };
}

/** The number of the table with which some of the symbols take the fewest bits. */
function cheapest(symbols: Uint16Array, from: number, to: number, tables: readonly (readonly number[])[]): number {
  let choice = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let table = 0; table < tables.length; table++) {
    const lengths = tables[table] as readonly number[];
    let cost = 0;
    for (let k = from; k < to; k++) cost += lengths[symbols[k] as number] as number;
    if (cost >= least) continue;
    choice = table;
    least = cost;
  }
  return choice;
}

/** Each choice as its place in a list where it then moves to the front: that many ones, and a zero. */
function writeChoices(out: BitWriter, choices: Uint8Array, count: number): void {
  const recent = [...Array(count).keys()];
  for (const choice of choices) {
    const place = recent.indexOf(choice);
    out.write(place + 1, (1 << (place + 1)) - 2);
    recent.copyWithin(1, 0, place);
    recent[0] = choice;
  }
}

/** The first length, then for each symbol the steps to its length: `10` up, `11` down, `0` there. */
function writeTable(out: BitWriter, lengths: readonly number[]): void {
  let current = lengths[0] as number;
  out.write(5, current);
  for (const length of lengths) {
    for (; current < length; current++) out.write(2, 2);
    for (; current > length; current--) out.write(2, 3);
    out.write(1, 0);
  }
}

/** CRC-32 with the highest bit first, unlike that of zlib. */
function checksum(data: Uint8Array): number {
  let sum = 0xffffffff;
  for (let i = 0; i < data.length; i++) sum = (sum << 8) ^ (CHECKSUMS[(sum >>> 24) ^ (data[i] as number)] as number);
  return ~sum;
}

/** What each byte changes in a sum. */
const CHECKSUMS = Int32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte << 24;
  for (let bit = 0; bit < 8; bit++) sum = sum < 0 ? (sum << 1) ^ 0x04c11db7 : sum << 1;
  return sum;
});
