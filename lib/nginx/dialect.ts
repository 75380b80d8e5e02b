/** How one distribution's nginx differs from another's in what its configuration must say. */
export interface NginxDialect {
  /** The account of the workers. Debian's build uses `nobody` if the file names none. */
  readonly user: string;
  /** nginx before 1.25.1 does not know `http2 on`; later ones deprecate `listen ... http2`. */
  readonly http2: 'directive' | 'listen-parameter';
  /** Whether it is known to be built with HTTP/3. */
  readonly http3?: true;
}
