/**
 * The names of an object's props. Types do not exist at synth, so the names are listed again; the compiler rejects a
 * list with a missing or an extra name.
 */
export type Known<T> = Readonly<Record<keyof T, true>>;
