/** bzip2's decoder accepts codes of 20 bits; its encoder has kept to 17 since its version 1.0.3. */
const LONGEST = 17;

interface Node {
  readonly weight: number;
  readonly symbols: readonly number[];
}

/** The length of each symbol's code, from 1 to 17 bits. Every symbol gets one, even if it does not occur. */
export function codeLengths(counts: readonly number[]): readonly number[] {
  const lengths = counts.map(() => 0);
  // The rarest come last. The sort is stable, so the result is always the same.
  const nodes = counts
    .map((count, symbol): Node => ({ weight: Math.max(count, 1), symbols: [symbol] }))
    .sort((a, b) => b.weight - a.weight);
  while (nodes.length > 1) {
    const [a, b] = nodes.splice(-2) as [Node, Node];
    const symbols = [...a.symbols, ...b.symbols];
    for (const symbol of symbols) lengths[symbol] = (lengths[symbol] as number) + 1;
    const weight = a.weight + b.weight;
    const rarer = nodes.findIndex((node) => node.weight < weight);
    nodes.splice(rarer < 0 ? nodes.length : rarer, 0, { weight, symbols });
  }
  // Counts that are closer to each other have shorter codes.
  if (Math.max(...lengths) > LONGEST) return codeLengths(counts.map((count) => (count >> 1) + 1));
  return lengths;
}

/** The code of each symbol: ascending by length, then by symbol. */
export function codesOf(lengths: readonly number[]): readonly number[] {
  const codes = lengths.map(() => 0);
  let code = 0;
  for (let length = 1; length <= Math.max(...lengths); length++, code <<= 1)
    for (const [symbol, one] of lengths.entries()) if (one === length) codes[symbol] = code++;
  return codes;
}
