/*
 * An option is an object with the names of its props and their reader. A list of options gives the types of all their props, so that
 * an option is named in one list alone.
 */

/** What all kinds of options have. `never` stands for the types that only the option itself knows. */
export interface AnyOption {
  readonly props: object;
  read(at: string, props: never, ...rest: never[]): object;
}

/** The props of all options of a union. */
export type PropsOf<Option extends AnyOption> = All<Parameters<Option['read']>[1]>;

/** An option whose values are declared in an interface. A list `satisfies` it, so that no feature forgets to. */
export interface Declares<Values> {
  read(...args: never[]): Partial<Values>;
}

/** The intersection of a union's members. */
type All<U> = (U extends unknown ? (member: U) => void : never) extends (all: infer I) => void ? I : never;

/** The names of all props of some options. */
export function propsOf<Option extends AnyOption>(
  options: readonly Option[],
): Readonly<Record<keyof PropsOf<Option>, true>> {
  return Object.assign({}, ...options.map((option) => option.props));
}
