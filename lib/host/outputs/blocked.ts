/** What `portway blocked --json` prints on a host with `protect`. */
export interface BlockedSources {
  /** Whether they are only listed (`protect.dryRun`). */
  readonly dryRun: boolean;
  readonly blocked: readonly BlockedSource[];
}

export interface BlockedSource {
  /** An IPv4 address, or an IPv6 /64. */
  readonly source: string;
  /** `refused`: requests refused in 10 s. `logins`: failed logins in a minute. `connections`: open ones that came too fast. */
  readonly reason: 'refused' | 'logins' | 'connections';
  /** How many. */
  readonly number: number;
  /** How long it is blocked grows with each level. */
  readonly level: number;
  /** In UTC, such as `2026-01-31T12:00:00Z`. */
  readonly since: string;
  readonly until: string;
}
