/** What `portway history --json` prints on a live host: its last five proved contents, the oldest first. */
export type HostHistory = readonly ProvedContent[];

export interface ProvedContent {
  /** For `portway rollback`. */
  readonly number: number;
  /** In UTC, such as `2026-01-31T12:00:00Z`. */
  readonly since: string;
  /** The content's hash: 64 hexadecimal digits. */
  readonly content: string;
  /** Whether it is in force. */
  readonly runs: boolean;
  /** Forwards against the one before: `+added -removed ~changed`. Of the first: how many it has, such as `2 forwards`. */
  readonly change: string;
}
