import type { ForwardKind } from '../forward/forward';

/** What `portway import --json` prints. */
export interface Imported {
  /** What the file was read as. */
  readonly from: Source;
  /** The forwards by name. `tls` is the expression that makes it, such as `Tls.selfSigned()`. */
  readonly forwards: Readonly<Record<string, ImportedForward>>;
  /** Props of the gateway beside `forwards`, such as `engine` and `egress`. */
  readonly gateway: Readonly<Record<string, unknown>>;
  /** What was not translated word for word, the most serious first. */
  readonly remarks: readonly Remark[];
}

export interface ImportedForward {
  readonly kind: ForwardKind;
  readonly props: Readonly<Record<string, unknown>>;
}

export const SOURCES = ['nginx', 'iptables', 'nft'] as const;
export type Source = (typeof SOURCES)[number];

/** The fates of what is not translated word for word, the most serious first. */
export const FATES = ['unprotected', 'lost', 'differs', 'own'] as const;

/**
 * What became of a directive or rule. `unprotected`: it kept somebody out, and the forwards do not. `lost`: it has no
 * counterpart. `differs`: it is translated, but not to the letter. `own`: Portway sees to it by itself, or it changes
 * nothing that clients and targets notice.
 */
export type Fate = (typeof FATES)[number];

export interface Remark {
  readonly fate: Fate;
  readonly file: string;
  readonly line: number;
  /** The directive or rule, shortened. */
  readonly text: string;
  readonly why: string;
}

/** Something in a file that must be accounted for: a directive of nginx, or a rule of the kernel. */
export interface Said {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** A file that cannot be read as what it should be. The message names file and line. */
export class ImportError extends Error {
  override readonly name = 'ImportError';

  constructor(at: { readonly file: string; readonly line?: number }, what: string) {
    super(`${at.file}${at.line === undefined ? '' : `:${at.line}`}: ${what}`);
  }
}
