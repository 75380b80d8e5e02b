/**
 * Makes unique names for upstreams, zones and variables. nginx ignores case in names of upstreams and variables, and
 * variables allow only letters, digits and `_`.
 */
export class Ids {
  private readonly taken = new Map<string, number>();

  /** The name in a readable form. If it would clash with an earlier name, it gets a number. */
  take(name: string): string {
    const readable = name.replaceAll(/[^a-z0-9.-]/gi, '_');
    const seen = readable.toLowerCase().replaceAll('-', '_');
    const count = (this.taken.get(seen) ?? 0) + 1;
    this.taken.set(seen, count);
    return count === 1 ? readable : `${readable}.${count}`;
  }
}
