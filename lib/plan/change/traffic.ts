import type { Comparison } from './comparison';
import type { Effect } from './resources';

/**
 * What a change costs constant requests, as the rehearsal measured it (Debian 13 on an emulated processor, where a boot takes a minute
 * or more). docs/operations/deploy.md must say the same, and README.md of `live`: a test compares them.
 */
export const FIGURES = {
  live: { lost: '0 of 740 requests lost', after: '6 to 14 s' },
  restart: '71 s without an answer',
  replace: '1 of 1,080 requests lost',
} as const;

const TRAFFIC: Readonly<Record<Effect, string>> = {
  nothing: 'The host is not touched, and no request is lost.',
  live: `Nothing stops: the running host takes the change over and proves it (in the rehearsal after ${FIGURES.live.after}, ${FIGURES.live.lost}). Instance and disk stay.`,
  unknown: 'Not known: see cdk diff.',
  restart: `The same instance stops and starts: no traffic for one shutdown and one boot (in the rehearsal ${FIGURES.restart}). Instance, disk and application stay.`,
  replace: `A new instance starts with an empty disk, proves itself and takes over the address; until then the old one forwards (in the rehearsal ${FIGURES.replace}, at ten a second). AWS takes the address from the old instance before it gives it to the new one, so for a moment it leads nowhere. What is on the old disk is lost.`,
};

/** The same where the address changes: nothing is promised of requests, since they go to the old one. */
const MOVED: Partial<typeof TRAFFIC> = {
  nothing: 'The host is not touched.',
  live: 'The running host takes the change over and proves it. Instance and disk stay.',
};

/** The same of a fleet. Nothing of it was measured. */
const FLEET: Partial<typeof TRAFFIC> = {
  nothing: 'No host is touched.',
  live: 'Nothing stops: all running hosts take the change over and prove it, within a minute; the deploy waits for as many as always run. A new port answers after the 3 to 5 minutes of the balancer.',
  replace:
    'The hosts are replaced, one in each zone at a time: a new one starts with an empty disk, proves itself and is found ready by the balancer, then an old one goes, whose connections have 300 s to end.',
};

type Seen = Pick<Comparison, 'host' | 'address' | 'incomplete' | 'fleet'>;

/** What happens to traffic, in sentences. */
export function trafficOf({ host, address, incomplete, fleet }: Seen): string {
  const isMoved = address === 'changes';
  const change = isMoved
    ? 'THE ADDRESS CHANGES: until clients and DNS records know the new one, requests to the old one are lost.'
    : 'The address stays.';
  const rest = incomplete ? ' Not all changes are known to Portway (unknown): look at cdk diff as well.' : '';
  const words = fleet ? FLEET[host] : isMoved ? MOVED[host] : undefined;
  return `${words ?? TRAFFIC[host]} ${change}${rest}`;
}
