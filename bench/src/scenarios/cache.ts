import { ADDRESS } from '../../../test/host/support/host';
import { type Carrying, CONTENDERS } from '../carriers/contenders';
import { portwayHttp } from '../carriers/portway';
import { THROUGHPUT } from '../load/iperf';
import { P50, P99, REQUESTS, wrk, wrkThroughput } from '../load/wrk';
import type { Bound, Scenario } from '../model';
import { WEB } from './set-up';

export const caching: Carrying = {
  name: 'portway-nginx',
  title: 'Portway, nginx, from its cache',
  carrier: portwayHttp({ cache: { sizeMb: 100, validFor: 3600 } }),
  ours: true,
};

function bound(figure: string, what: string): Bound {
  const title = `cache hits of ${what}, of nginx's with the same file`;
  return { figure, contender: caching.name, against: CONTENDERS.nginxFile.name, atLeast: 0.97, title };
}

/** Answers from the gateway's cache, compared with a web server's files. */
export const cache: Scenario = {
  name: 'cache',
  title: 'Answers from the cache',
  about: 'cache hits against nginx with the same file on its disk',
  contenders: [CONTENDERS.nginxFile, CONTENDERS.nginxFileTuned, caching],
  slow: true,
  loads: [
    { name: 'small', title: '1 KiB', figures: [REQUESTS, P50, P99], bounds: [bound('requests', '1 KiB, requests/s')] },
    {
      name: 'large',
      title: '1 MiB',
      figures: [THROUGHPUT, P50, P99],
      bounds: [bound('throughput', '1 MiB, throughput')],
    },
  ],
  async setUp(contender, start) {
    const lane = await start('backend');
    const carrying = contender as Carrying;
    await carrying.carrier(lane, [WEB]);
    // Without the port, which only one of the two clients would send: the host is part of a cache's key.
    const at = (name: string) => `http://${ADDRESS.gateway.v4}/bodies/${name}`;
    // The only requests that the application ever sees.
    for (const name of ['1k', '1m']) await lane.sh('client', `curl -sf -o /dev/null '${at(name)}'`);
    return {
      lane,
      loads: {
        small: (round) => wrk(lane, round, { url: at('1k'), answers: 'gateway' }),
        large: (round) => wrkThroughput(lane, round, { url: at('1m'), answers: 'gateway' }),
      },
    };
  },
};
