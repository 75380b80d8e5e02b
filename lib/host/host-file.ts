/** A file that user-data puts on the host. */
export interface HostFile {
  readonly path: string;
  /** Octal, as chmod(1) takes it: '0644'. */
  readonly mode: string;
  readonly text: string;
  /**
   * `script`: a file of assets/. `rules`: rendered by synth, read by reviewers. `team`: provided by the team. Scripts are always
   * compressed; the others only if user-data would be too large.
   */
  readonly origin: 'script' | 'rules' | 'team';
  /** Whether it is always compressed, since it repeats what reviewers read elsewhere. */
  readonly packed?: boolean;
  /** Whether it may be dropped if user-data would be too large. */
  readonly optional?: boolean;
}
