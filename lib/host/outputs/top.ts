/** What `portway top --json` prints on the host: one interval that begins and ends with a second of the clock. */
export interface HostTop {
  /** How long it is. */
  readonly seconds: number;
  /** Those that did anything, the busiest first. */
  readonly sources: readonly SourceActivity[];
  readonly dropped_packets: DroppedPackets;
  /** Connections of which the kernel told too many at once. */
  readonly uncounted_connections: number;
}

/** What one source did in the interval: an IPv4 address, or an IPv6 /64. */
export interface SourceActivity {
  /** `others`: sources beyond the most that are listed. */
  readonly source: string;
  /** Connections open at its end. */
  readonly open: number;
  /** Connections that began: of the kernel's forwards. Of TCP and UDP on nginx, sessions that ended. */
  readonly new: number;
  /** Requests over HTTP that were answered, and that their forward logs. */
  readonly requests: number;
  readonly requests_per_second: number;
  /** In the kernel, IP packets both ways; on nginx, what TCP and UDP carried both ways, and HTTP's answers. */
  readonly bytes: number;
  readonly bytes_per_second: number;
  /** Answers with a status of 400 to 499, in percent of the requests. */
  readonly share_4xx: number;
  /** Answers with a status of 500 to 599, in percent of the requests. */
  readonly share_5xx: number;
  /** Answers 403, 429 and 503 of the gateway itself, and sessions that it did not take. */
  readonly refused: number;
  /** Whether `blocked` or `protect` blocks it now. */
  readonly blocked: boolean;
}

/** Packets of clients that the kernel dropped in the interval, by what dropped them. */
export interface DroppedPackets {
  /** By `blocked` and `protect`. */
  readonly blocked: number;
  /** By `allowFrom` and `denyFrom`. */
  readonly sources: number;
  /** By `limits`. */
  readonly limits: number;
}
