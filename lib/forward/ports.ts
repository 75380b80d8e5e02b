/** One port (`from` equals `to`), or a range of ports including both ends. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** What a user may write for ports: `443`, `'443'` or `'6000-6100'`. */
export type PortSpec = number | string;

const MAX_PORT = 65_535;

/** The range that a spec describes. Undefined for ports outside 1-65535, fractions, and ranges that run backwards. */
export function parsePorts(spec: unknown): PortRange | undefined {
  if (typeof spec !== 'number' && typeof spec !== 'string') return undefined;
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(String(spec));
  if (match === null) return undefined;
  const from = Number(match[1]);
  const to = match[2] === undefined ? from : Number(match[2]);
  return from >= 1 && to <= MAX_PORT && from <= to ? { from, to } : undefined;
}

/** How many ports a range holds. */
export function countPorts(range: PortRange): number {
  return range.to - range.from + 1;
}

export function isRange(range: PortRange): boolean {
  return range.from !== range.to;
}

export function samePorts(a: PortRange, b: PortRange): boolean {
  return a.from === b.from && a.to === b.to;
}

export function portsOverlap(a: PortRange, b: PortRange): boolean {
  return a.from <= b.to && b.from <= a.to;
}

/** `443` or `6000-6100`. iptables writes its matches with a colon (`6000:6100`). */
export function formatPorts(range: PortRange, separator = '-'): string {
  return isRange(range) ? `${range.from}${separator}${range.to}` : `${range.from}`;
}
