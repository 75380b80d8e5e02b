import { nftMapByHand } from '../carriers/by-hand';
import { type Carrying, CONTENDERS } from '../carriers/contenders';
import type { Job } from '../carriers/job';
import { APPLICATION_PORT } from '../lab/lane';
import { CONNECTIONS_MADE, P50, P99, wrk } from '../load/wrk';
import type { Bound, Scenario } from '../model';
import { carryWeb } from './set-up';

const SIZES = [1, 100, 1_000, 10_000] as const;

/** A carrier with so many forwards. */
interface Many extends Carrying {
  readonly forwards: number;
}

/**
 * So many forwards on scattered ports with targets of their own. The last one leads to the application: the worst one in
 * a list, and in a tree as deep as any.
 */
export function manyJobs(count: number, protocol: Job['protocol'] = 'tcp'): readonly Job[] {
  const step = Math.max(1, Math.floor(60_000 / count));
  return Array.from({ length: count }, (_, i) => {
    const listen = 1_100 + i * step;
    return { protocol, listen, port: i === count - 1 ? APPLICATION_PORT : listen + 1 };
  });
}

function family(carrier: Carrying, sizes: readonly number[]): readonly Many[] {
  return sizes.map((forwards) => ({
    ...carrier,
    forwards,
    point: { line: carrier.title, at: forwards },
    name: `${carrier.name}-${forwards}`,
    title: `${carrier.title}, ${forwards.toLocaleString('en')}`,
    // Quick runs show the bounded sizes only.
    slow: carrier.ours !== true || forwards === 100,
  }));
}

const nftMap: Carrying = { name: 'nftables-map', title: 'nftables by hand, a map', carrier: nftMapByHand };

function many(name: string, where: string, applicationAt: 'gateway' | 'backend', peers: readonly Carrying[]): Scenario {
  const bound = (forwards: number, atLeast: number): Bound => ({
    figure: 'connections',
    contender: `portway-iptables-${forwards}`,
    against: 'portway-iptables-1',
    atLeast,
    title: `the worst of ${forwards.toLocaleString('en')} forwards (${where}), new connections/s, of a single forward's`,
  });
  return {
    name,
    title: `Many forwards, the worst one (${where})`,
    about: `new connections/s with up to 10,000 forwards (${where})`,
    contenders: [
      ...family(CONTENDERS.portwayIptables, SIZES),
      ...peers.flatMap((peer) => family(peer, SIZES.slice(1))),
    ],
    axis: 'forwards',
    loads: [
      {
        name: 'new',
        title: 'a new connection each',
        figures: [CONNECTIONS_MADE, P50, P99],
        bounds: [bound(1_000, 0.95), bound(10_000, 0.9)],
      },
    ],
    async setUp(contender, start) {
      const lane = await start(applicationAt);
      const url = await carryWeb(lane, contender as Many, manyJobs((contender as Many).forwards));
      return { lane, loads: { new: (round) => wrk(lane, round, { url, newConnections: true }) } };
    },
  };
}

export const manyLocal = many('many-local', 'ports on the gateway', 'gateway', [CONTENDERS.iptables, nftMap]);

/** Here each forward has rules in three chains: where it leads, that it may pass, and that replies return. */
export const manyRemote = many('many-remote', 'another host', 'backend', []);
