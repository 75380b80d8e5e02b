import { until } from '../../../test/host/support/host';
import { type Carrying, CONTENDERS, slow } from '../carriers/contenders';
import type { Job } from '../carriers/job';
import { iperf, THROUGHPUT } from '../load/iperf';
import type { Scenario } from '../model';
import { endpoint } from './set-up';

const BULK: Job = { protocol: 'tcp', listen: 5_000, port: 5_201 };

/** One TCP connection that transfers as much as possible. */
export const bulk: Scenario = {
  name: 'bulk',
  title: 'One TCP connection, as much as goes through, to another host',
  about: 'throughput of one TCP connection (iperf3)',
  contenders: [
    CONTENDERS.direct,
    slow(CONTENDERS.tracked),
    CONTENDERS.portwayIptables,
    slow(CONTENDERS.iptables),
    slow(CONTENDERS.nftables),
    slow(CONTENDERS.portwayStream),
    slow(CONTENDERS.socat),
  ],
  loads: [{ name: 'stream', title: 'one connection', figures: [THROUGHPUT], bounds: [] }],
  async setUp(contender, start) {
    const lane = await start('backend');
    const carrying = contender as Carrying;
    await carrying.carrier(lane, [BULK]);
    await lane.sh('backend', `iperf3 -s -D -p ${BULK.port}`);
    const listens = async () => (await lane.run('backend', ['ss', '-Hltn', `sport = :${BULK.port}`])).stdout !== '';
    await until('iperf3 listens', listens);
    const { host, port } = endpoint(lane, carrying, BULK);
    return { lane, loads: { stream: (round) => iperf(lane, round, host, port) } };
  },
};
