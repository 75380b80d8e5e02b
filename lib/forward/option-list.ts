/**
 * An option is an object with the names of its props and their reader. A list of options provides the types of all
 * their props, so each option is named in a single list.
 */

/** What all kinds of options have. `never` stands for types that only the option itself knows. */
export interface AnyOption {
  readonly props: object;
  read(at: string, props: never, ...rest: never[]): object;
}

/** The props of all options in a union. */
export type PropsOf<Option extends AnyOption> = All<Parameters<Option['read']>[1]>;

/**
 * An option whose values are declared in an interface. Lists use `satisfies` with it, so that no feature forgets the
 * declaration.
 */
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
