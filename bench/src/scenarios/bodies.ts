import { type Carrying, CONTENDERS } from '../carriers/contenders';
import { THROUGHPUT } from '../load/iperf';
import { P50, P99, REQUESTS, wrk, wrkThroughput } from '../load/wrk';
import type { Scenario } from '../model';
import { carryWeb } from './set-up';

/** Answers with bodies, as most have: small ones, and ones so large that copying them is the work. */
export const bodies: Scenario = {
  name: 'bodies',
  title: 'Bodies through a reverse proxy to another host',
  about: 'requests/s with bodies of 1 KiB, throughput with 1 MiB',
  contenders: [CONTENDERS.direct, CONTENDERS.portwayNginx, CONTENDERS.nginxStock, CONTENDERS.haproxy],
  slow: true,
  loads: [
    { name: 'small', title: 'bodies of 1 KiB', figures: [REQUESTS, P50, P99], bounds: [] },
    {
      name: 'large',
      title: 'bodies of 1 MiB',
      figures: [THROUGHPUT, P50, P99],
      bounds: [
        {
          figure: 'throughput',
          contender: 'portway-nginx',
          against: 'haproxy',
          atLeast: 2,
          title: "bodies of 1 MiB, throughput, of haproxy's",
        },
        {
          figure: 'throughput',
          contender: 'portway-nginx',
          against: 'direct',
          atLeast: 0.6,
          title: "bodies of 1 MiB, throughput, of the direct connection's",
        },
      ],
    },
  ],
  async setUp(contender, start) {
    const lane = await start('backend');
    const url = await carryWeb(lane, contender as Carrying);
    return {
      lane,
      loads: {
        small: (round) => wrk(lane, round, { url: `${url}bodies/1k` }),
        large: (round) => wrkThroughput(lane, round, { url: `${url}bodies/1m` }),
      },
    };
  },
};
