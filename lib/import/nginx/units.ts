const SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  '': 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  M: 2_592_000,
  y: 31_536_000,
};

const BYTES: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** A time of nginx in seconds, such as `90`, `90s` or `1h 30m`; undefined if it is none. */
export function seconds(text: string | undefined): number | undefined {
  if (text === undefined || !/^(\s*\d+\s*(ms|[smhdwMy])?)+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)\s*(ms|[smhdwMy])?/g)].reduce(
    (sum, [, number, unit = '']) => sum + Number(number) * (SECONDS[unit] ?? 1),
    0,
  );
}

/** A size of nginx in bytes, such as `16k`; undefined if it is none. */
export function bytes(text: string | undefined): number | undefined {
  const match = /^(\d+)([kmg]?)$/i.exec(text ?? '');
  return match === null ? undefined : Number(match[1]) * (BYTES[(match[2] ?? '').toLowerCase()] ?? 1);
}

/** A whole number of at least `from` and at most `to`. */
export function within(value: number, from: number, to: number): number {
  return Math.min(Math.max(Math.ceil(value), from), to);
}
