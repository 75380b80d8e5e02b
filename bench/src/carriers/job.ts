import type { Ground } from '../lab/ground';

/** What a carrier has to do: forward one listener on the gateway to one port on the application's side. */
export interface Job {
  readonly protocol: 'tcp' | 'udp';
  readonly listen: number;
  readonly port: number;
}

/** Makes a ground's gateway carry these jobs. */
export type Carrier = (ground: Ground, jobs: readonly Job[]) => Promise<void>;

/** The target's address; undefined if it is on the gateway itself. */
export function remoteHost(ground: Ground): string | undefined {
  return ground.applicationAt === 'backend' ? ground.target : undefined;
}
