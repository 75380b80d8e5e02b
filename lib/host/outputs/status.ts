/** What `portway status --json` prints on the host. */
export interface HostStatus {
  readonly forwards: readonly ForwardStatus[];
  /** Flows that skip the rules at the moment, with `flowOffload`. `null`: the host has none of it. */
  readonly offloaded: number | null;
  /** What is not as deployed. The command then ends with 1. */
  readonly problems: readonly string[];
  /** What somebody should act on, although everything is as deployed. */
  readonly warnings: readonly string[];
  /** How long it measured, with `--seconds`. */
  readonly seconds?: number;
  /** What each forward did in this time, by its name. With `--seconds`. */
  readonly rates?: Readonly<Record<string, ForwardRates>>;
  /** The kernel (`Linux`), and `nginx` if it runs. Omitted: the host had no room for what tells it. */
  readonly running?: Readonly<Record<string, RunningProgram>>;
}

/** A program that runs, which may be older than the one on the disk. `null`: its file does not say. */
export interface RunningProgram {
  readonly version: string | null;
  /** The day on which the distribution built it, such as `2026-11-05`. */
  readonly built: string | null;
}

/** A forward, and what it carried since the host booted. `null`: nothing counts it. */
export interface ForwardStatus {
  /** Its name in the stack. */
  readonly forward: string;
  /** Such as `tcp/443`, `udp/6000-6010`, or the number of a protocol without ports. */
  readonly listener: string;
  readonly engine: 'iptables' | 'nginx';
  readonly packets: number | null;
  readonly bytes: number | null;
  readonly connections: number | null;
  readonly targets: readonly TargetStatus[];
}

export interface TargetStatus {
  /** A port of the gateway, or `host:port`. */
  readonly target: string;
  /** Whether it answers, with `healthCheck`. */
  readonly up?: boolean;
  /** Since when that is so, in seconds since 1970. With `healthCheck`. */
  readonly since?: number;
}

/** `null`: the forward has no such thing, or nothing counts it. */
export interface ForwardRates {
  readonly connections_per_second: number | null;
  readonly requests_per_second: number | null;
  readonly bytes_per_second: number | null;
}
