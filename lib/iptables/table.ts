/**
 * One table of an iptables-restore text. It names Portway's own chains only, never a built-in one, so `--noflush`
 * leaves all other rules alone.
 *
 * Such a text cannot hold the jumps from built-in chains, since each restore would add them again. They are written as
 * `#portway-hook CHAIN MATCH -j OWN`, which readers see and iptables ignores. The host makes each of them the first
 * rule of its built-in chain, exactly once, in the order given.
 */
export class Table {
  private readonly hooks: string[] = [];
  private readonly healthChains: string[] = [];
  private readonly chains = new Map<string, string[]>();

  constructor(private readonly name: 'nat' | 'mangle' | 'filter') {}

  isNew(chain: string): boolean {
    return !this.chains.has(chain);
  }

  /** The jump from a built-in chain to one of ours. Repeating it has no effect. */
  hook(builtIn: string, match: string, chain: string): void {
    const line = `#portway-hook ${[builtIn, match, '-j', chain].filter((part) => part !== '').join(' ')}`;
    if (!this.hooks.includes(line)) this.hooks.push(line);
  }

  /** One rule of a forward. Its comment names the forward, for `iptables -L`, for counters and for readers. */
  add(chain: string, matches: readonly string[], forward: string, jump: string): void {
    this.rule(chain, [...matches, `-m comment --comment "portway:${forward}"`, jump]);
  }

  /** One rule that several forwards share. It has no comment, which would cost time on every packet. */
  addCommon(chain: string, match: string, jump: string): void {
    this.rule(chain, [match, jump]);
  }

  /** A comment line before the rules that follow in a chain. */
  remark(chain: string, text: string): void {
    this.lines(chain).push(`# ${text}`);
  }

  /**
   * Marks a chain whose rules the health service owns while the host runs; the rules written here are its initial ones.
   */
  leaveToHealth(chain: string): void {
    this.healthChains.push(`#portway-health ${chain}`);
  }

  /** Empty tables are written too, so that the host removes chains of earlier content. */
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
