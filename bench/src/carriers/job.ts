import type { Lane } from '../lab/lane';

/** What is asked of a carrier: one listener on the gateway, led to one port of the side where the application is. */
export interface Job {
  readonly protocol: 'tcp' | 'udp';
  readonly listen: number;
  readonly port: number;
}

/** Makes a lane's gateway carry these jobs. */
export type Carrier = (lane: Lane, jobs: readonly Job[]) => Promise<void>;

/** Where a job leads, as an address of its own; undefined on the gateway itself. */
export function remoteHost(lane: Lane): string | undefined {
  return lane.applicationAt === 'backend' ? lane.target : undefined;
}
