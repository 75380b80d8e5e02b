/**
 * Names for what is rendered, as they may stand in names of upstreams, zones and variables. nginx tells names of upstreams and
 * variables apart by more than upper and lower case only, and a variable's by letters, digits and `_`.
 */
export class Ids {
  private readonly taken = new Map<string, number>();

  /** The name in a readable form; the second one that would be taken for an earlier one gets a number. */
  take(name: string): string {
    const readable = name.replaceAll(/[^a-z0-9.-]/gi, '_');
    const seen = readable.toLowerCase().replaceAll('-', '_');
    const count = (this.taken.get(seen) ?? 0) + 1;
    this.taken.set(seen, count);
    return count === 1 ? readable : `${readable}.${count}`;
  }
}
