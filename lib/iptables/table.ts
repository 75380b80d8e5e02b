/**
 * One table of an iptables-restore text. It holds Portway's own chains only and never names a built-in one, so that
 * `--noflush` leaves the rules of everybody else alone.
 *
 * The jumps from the built-in chains cannot stand in such a text: each restore would add them once more. They are written as
 * `#portway-hook CHAIN MATCH -j OWN`, which a reader can see and iptables passes over; the host turns each into a jump
 * that is there once and comes first, in the order in which they are written.
 */
export class Table {
  private readonly hooks: string[] = [];
  private readonly healthChains: string[] = [];
  private readonly chains = new Map<string, string[]>();

  constructor(private readonly name: 'nat' | 'mangle' | 'filter') {}

  isNew(chain: string): boolean {
    return !this.chains.has(chain);
  }

  /** The jump from a built-in chain to an own one; saying it twice is saying it once. */
  hook(builtIn: string, match: string, chain: string): void {
    const line = `#portway-hook ${[builtIn, match, '-j', chain].filter((part) => part !== '').join(' ')}`;
    if (!this.hooks.includes(line)) this.hooks.push(line);
  }

  /** One rule of a forward; its comment names the forward, for `iptables -L`, for counters and for readers at night. */
  add(chain: string, matches: readonly string[], forward: string, jump: string): void {
    this.rule(chain, [...matches, `-m comment --comment "portway:${forward}"`, jump]);
  }

  /** One rule that belongs to no forward alone; without a comment, which would cost every packet that passes. */
  addCommon(chain: string, match: string, jump: string): void {
    this.rule(chain, [match, jump]);
  }

  /** A comment line before the rules that follow in a chain. */
  remark(chain: string, text: string): void {
    this.lines(chain).push(`# ${text}`);
  }

  /** Says that the rules of a chain belong to the health service while the host runs: its rules are the ones to start with. */
  leaveToHealth(chain: string): void {
    this.healthChains.push(`#portway-health ${chain}`);
  }

  /** An empty table is written too: it tells the host that chains of an earlier content have to go. */
  render(): string {
    const names = [...this.chains.keys()].map((chain) => `:${chain} - [0:0]`);
    const rules = [...this.chains.values()].flat();
    return [`*${this.name}`, ...names, ...this.hooks, ...this.healthChains, ...rules, 'COMMIT'].join('\n');
  }

  private rule(chain: string, parts: readonly string[]): void {
    this.lines(chain).push([`-A ${chain}`, ...parts].filter((part) => part !== '').join(' '));
  }

  private lines(chain: string): string[] {
    const lines = this.chains.get(chain) ?? [];
    this.chains.set(chain, lines);
    return lines;
  }
}
