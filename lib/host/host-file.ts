/** A file that user-data puts on the host. */
export interface HostFile {
  readonly path: string;
  /** Octal, as chmod(1) takes it: '0644'. */
  readonly mode: string;
  readonly text: string;
  /**
   * What it is: `script` for what comes from assets/, `rules` for what synth rendered and a reviewer reads, `team` for
   * what the team brought. Scripts always travel compressed; rules and team files only when user-data would be too large.
   */
  readonly origin: 'script' | 'rules' | 'team';
  /** Whether it travels compressed in any case, since it says nothing that a reviewer has not read elsewhere. */
  readonly packed?: boolean;
  /** Whether it is left out where user-data would be too large otherwise. */
  readonly optional?: boolean;
}
