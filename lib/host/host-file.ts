/** A file that Portway puts on the host. */
export interface HostFile {
  readonly path: string;
  /** Octal, as chmod(1) takes it: '0644'. */
  readonly mode: string;
  readonly text: string;
  /**
   * `script`: a file of assets/. `rules`: rendered by synth, read by reviewers. `team`: provided by the team. `copy`:
   * rendered by synth from what the template says elsewhere, so nobody reviews it. Scripts are always compressed; the others only if there is no room for them.
   */
  readonly origin: 'script' | 'rules' | 'team' | 'copy';
  /**
   * Whether it may be dropped if there is no room for it. A `tool` is dropped before anything else becomes less readable. A `sandbox` comes
   * in last, where nothing else has to go for it, and an `extra` only where much room is left after all.
   */
  readonly optional?: boolean | 'tool' | 'sandbox' | 'extra';
}
