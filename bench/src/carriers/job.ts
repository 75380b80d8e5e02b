import type { Lane } from '../lab/lane';

/** What a carrier has to do: forward one listener on the gateway to one port on the application's side. */
export interface Job {
  readonly protocol: 'tcp' | 'udp';
  readonly listen: number;
  readonly port: number;
}

/** Makes a lane's gateway carry these jobs. */
export type Carrier = (lane: Lane, jobs: readonly Job[]) => Promise<void>;

/** The target's address; undefined if it is on the gateway itself. */
export function remoteHost(lane: Lane): string | undefined {
  return lane.applicationAt === 'backend' ? lane.target : undefined;
}
