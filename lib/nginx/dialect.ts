/** Where one distribution's nginx differs from another's in what its configuration must say. */
export interface NginxDialect {
  /** The account of the workers; Debian's build falls back to `nobody` when the file names none. */
  readonly user: string;
  /** `http2 on` is unknown before nginx 1.25.1; from there on `listen ... http2` is deprecated. */
  readonly http2: 'directive' | 'listen-parameter';
  /** Whether it is known to be built with HTTP/3. */
  readonly http3?: true;
}
