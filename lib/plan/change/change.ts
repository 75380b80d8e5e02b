import type { Effect } from './resources';

/** One change of a stack, and what it does to the host by itself. */
export interface Change {
  /** `forward web`, or a prop such as `instanceType`. */
  readonly what: string;
  /** What differs, in lines. */
  readonly how: readonly string[];
  readonly host: Effect;
  /** Why it cannot be live. Omitted where it is, or where the stack's `onChange` decides. */
  readonly why?: string;
}
