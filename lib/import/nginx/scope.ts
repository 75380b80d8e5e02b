import type { Directive } from './directives';

/** A block, and those around it that it inherits from: a location, its server, http. */
export class Scope {
  private readonly constants: ReadonlyMap<string, string>;

  constructor(
    readonly own: readonly Directive[],
    readonly above?: Scope,
  ) {
    // Only what is set once is a constant.
    const sets = own.filter(({ name, args }) => name === 'set' && args.length === 2);
    const once = sets.filter(({ args }) => sets.filter((other) => other.args[0] === args[0]).length === 1);
    this.constants = new Map(once.map(({ args: [variable = '', value = ''] }) => [variable, value]));
  }

  /** The directives of the nearest block that has any of these names. nginx inherits all of them or none. */
  all(...names: readonly string[]): readonly Directive[] {
    const here = this.own.filter(({ name }) => names.includes(name));
    return here.length > 0 || this.above === undefined ? here : this.above.all(...names);
  }

  last(name: string): Directive | undefined {
    return this.all(name).at(-1);
  }

  /** The directives of this block alone. */
  here(...names: readonly string[]): readonly Directive[] {
    return this.own.filter(({ name }) => names.includes(name));
  }

  /** A text with the variables replaced that `set` gives a fixed value. */
  resolve(text: string, depth = 0): string {
    if (depth > 5) return text;
    return text.replaceAll(/\$\{?(\w+)\}?/g, (whole, name: string) => {
      const value = this.constant(`$${name}`);
      return value === undefined ? whole.replaceAll(/[{}]/g, '') : this.resolve(value, depth + 1);
    });
  }

  /** The directives that `resolve` reads. */
  sets(text: string): readonly Directive[] {
    const named = this.own.filter(
      ({ name, args: [variable = ''] }) => name === 'set' && text.includes(variable.slice(1)),
    );
    return [...named, ...(this.above?.sets(text) ?? [])];
  }

  private constant(variable: string): string | undefined {
    return this.constants.get(variable) ?? this.above?.constant(variable);
  }
}
