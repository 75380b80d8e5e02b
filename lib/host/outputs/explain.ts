/** What `portway explain … --json` prints on the host. */
export interface Explained {
  readonly packet: ExplainedPacket;
  /** All that has a say in it, in this order. */
  readonly steps: readonly ExplainedStep[];
  /** `nobody`: it comes to a port of the gateway where no forward is. The command ends with 0 only if it is `forwarded`. */
  readonly outcome: 'forwarded' | 'dropped' | 'refused' | 'nobody';
  /** Why, in words. */
  readonly says: string;
  /** The forward's name; empty if it is none. */
  readonly forward: string;
  /** Where it goes; empty if nowhere. */
  readonly target: string;
}

export interface ExplainedPacket {
  /** `tcp`, `udp`, or the number of another. */
  readonly protocol: string;
  /** 0 for protocols without ports. */
  readonly port: number;
  /** The client's address. */
  readonly from: string;
  /** The host's own address. */
  readonly to: string;
  /** The network interface that it comes in on. */
  readonly interface: string;
}

export interface ExplainedStep {
  /** `not tried`: what decides only at other times, such as a limit. */
  readonly where: 'security group' | 'kernel' | 'not tried' | 'nginx' | 'limits';
  /** The rule or line itself, or what it does. */
  readonly says: string;
}
