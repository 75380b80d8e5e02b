/**
 * The names of an object's props. Types are gone when a stack is synthesized, so the names are listed once more; the compiler
 * refuses a list that lacks a prop of its type, or has one too many.
 */
export type Known<T> = Readonly<Record<keyof T, true>>;
