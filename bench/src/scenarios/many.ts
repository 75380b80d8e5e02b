import { nftMapByHand } from '../carriers/by-hand';
import { type Carrying, CONTENDERS } from '../carriers/contenders';
import type { Job } from '../carriers/job';
import { APPLICATION_PORT } from '../lab/lane';
import { CONNECTIONS_MADE, P50, P99, wrk } from '../load/wrk';
import type { Bound, Scenario } from '../model';
import { carryWeb } from './set-up';

const SIZES = [1, 100, 1_000, 10_000] as const;

/** A carrier with a number of forwards. */
interface Sized extends Carrying {
  readonly forwards: number;
}

/**
 * Forwards on scattered ports, each with its own target. The last one leads to the application: the worst place in a
 * list, and as deep as any in a tree.
 */
export function manyJobs(count: number, protocol: Job['protocol'] = 'tcp'): readonly Job[] {
  const step = Math.max(1, Math.floor(60_000 / count));
  return Array.from({ length: count }, (_, i) => {
    const listen = 1_100 + i * step;
    return { protocol, listen, port: i === count - 1 ? APPLICATION_PORT : listen + 1 };
  });
}

function family(carrier: Carrying, sizes: readonly number[], quick: readonly number[] = []): readonly Sized[] {
  return sizes.map((forwards) => ({
    ...carrier,
    forwards,
    point: { line: carrier.title, at: forwards },
    name: `${carrier.name}-${forwards}`,
    title: `${carrier.title}, ${forwards.toLocaleString('en')} ${forwards === 1 ? 'forward' : 'forwards'}`,
    slow: !quick.includes(forwards),
  }));
}

const nftMap: Carrying = { name: 'nftables-map', title: 'nftables by hand, a map', carrier: nftMapByHand };

interface Many {
  readonly name: string;
  readonly where: string;
  readonly applicationAt: 'gateway' | 'backend';
  readonly peers: readonly Carrying[];
  /** The sizes of quick runs. */
  readonly quick: readonly number[];
}

function many({ name, where, applicationAt, peers, quick }: Many): Scenario {
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
      ...family(CONTENDERS.portwayIptables, SIZES, quick),
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
      const url = await carryWeb(lane, contender as Sized, manyJobs((contender as Sized).forwards));
      return { lane, loads: { new: (round) => wrk(lane, round, { url, newConnections: true }) } };
    },
  };
}

export const manyLocal = many({
  name: 'many-local',
  where: 'ports on the gateway',
  applicationAt: 'gateway',
  peers: [CONTENDERS.iptables, nftMap],
  quick: [1, 1_000, 10_000],
});

/** Here each forward has rules in several chains: where it leads, that it may pass, and that replies return. */
export const manyRemote = many({
  name: 'many-remote',
  where: 'another host',
  applicationAt: 'backend',
  peers: [],
  quick: [1, 1_000],
});
