import { type Carrying, CONTENDERS, slow } from '../carriers/contenders';
import { CONNECTIONS_MADE, P50, P99, REQUESTS, wrk } from '../load/wrk';
import type { Bound, Load, Scenario } from '../model';
import { carryWeb } from './set-up';

interface Requests {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly applicationAt: 'gateway' | 'backend';
  readonly contenders: readonly Carrying[];
  readonly bounds: { readonly kept: readonly Bound[]; readonly opened: readonly Bound[] };
}

/** Small requests through one forward: on kept connections, and each on a new one. */
function requests({ name, title, about, applicationAt, contenders, bounds }: Requests): Scenario {
  const loads: readonly Load[] = [
    { name: 'kept', title: 'kept-alive', figures: [REQUESTS, P50, P99], bounds: bounds.kept },
    { name: 'new', title: 'a new connection each', figures: [CONNECTIONS_MADE, P50, P99], bounds: bounds.opened },
  ];
  return {
    name,
    title,
    about,
    contenders,
    loads,
    async setUp(contender, start) {
      const lane = await start(applicationAt);
      const url = await carryWeb(lane, contender as Carrying);
      return {
        lane,
        loads: {
          kept: (round) => wrk(lane, round, { url }),
          new: (round) => wrk(lane, round, { url, newConnections: true }),
        },
      };
    },
  };
}

/** Each of these costs part of what the previous one costs. Readers decide which to compare a forward with. */
const AGAINST = {
  direct: "the direct connection's",
  tracked: "the direct connection's with connection tracking",
  iptables: 'the same forward by hand',
};

/** What a forward in the kernel may cost. */
function kernelBounds(where: string): Requests['bounds'] {
  const of = (figure: string, what: string, atLeast: number): readonly Bound[] =>
    Object.entries(AGAINST).map(([against, title]) => ({
      figure,
      contender: 'portway-iptables',
      against,
      atLeast,
      title: `${where}, ${what}, of ${title}`,
    }));
  return {
    kept: of('requests', 'kept-alive requests/s', 0.97),
    opened: of('connections', 'new connections/s', 0.95),
  };
}

export const local = requests({
  name: 'local',
  title: 'One forward to a port on the gateway',
  about: 'REDIRECT to an application on the gateway itself',
  applicationAt: 'gateway',
  contenders: [
    CONTENDERS.direct,
    CONTENDERS.tracked,
    CONTENDERS.portwayIptables,
    CONTENDERS.iptables,
    slow(CONTENDERS.nftables),
  ],
  bounds: kernelBounds('port on the gateway'),
});

export const remote = requests({
  name: 'remote',
  title: 'One forward to another host',
  about: 'DNAT to an application on a backend',
  applicationAt: 'backend',
  contenders: [
    CONTENDERS.direct,
    CONTENDERS.tracked,
    CONTENDERS.portwayIptables,
    slow(CONTENDERS.iptables),
    slow(CONTENDERS.nftables),
    slow(CONTENDERS.socat),
  ],
  bounds: kernelBounds('another host'),
});

function proxyBound(figure: string, against: string, bound: Pick<Bound, 'atLeast' | 'atMost'>, what: string): Bound {
  return { figure, contender: 'portway-nginx', against, ...bound, title: `HTTP, ${what}` };
}

export const http = requests({
  name: 'http',
  title: 'HTTP through a reverse proxy to another host',
  about: 'nginx against other reverse proxies',
  applicationAt: 'backend',
  contenders: [CONTENDERS.direct, CONTENDERS.portwayNginx, CONTENDERS.nginxStock, CONTENDERS.haproxy, CONTENDERS.caddy],
  bounds: {
    kept: [
      proxyBound('requests', 'nginx', { atLeast: 3 }, "kept-alive requests/s, of stock nginx's"),
      proxyBound('requests', 'haproxy', { atLeast: 1.05 }, "kept-alive requests/s, of haproxy's"),
      proxyBound('requests', 'caddy', { atLeast: 3.5 }, "kept-alive requests/s, of caddy's"),
      proxyBound('p99', 'haproxy', { atMost: 1 }, "p99, of haproxy's"),
    ],
    opened: [],
  },
});
