/** A file that user-data puts on the host. */
export interface HostFile {
  readonly path: string;
  /** Octal, as chmod(1) takes it: '0644'. */
  readonly mode: string;
  readonly text: string;
  /**
   * What it is: `script` for what comes from assets/, `rules` for what synth rendered and a reviewer reads, `team` for
   * what the team brought. Large scripts always travel compressed; rules and team files only when user-data would be too large.
   */
  readonly origin: 'script' | 'rules' | 'team';
}
