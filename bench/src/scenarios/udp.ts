import { type Carrying, CONTENDERS, slow } from '../carriers/contenders';
import type { Job } from '../carriers/job';
import { sendDatagrams } from '../load/udp';
import type { Figure, Scenario } from '../model';
import { endpoint } from './set-up';

const GAME: Job = { protocol: 'udp', listen: 7_000, port: 9_000 };
/** The fraction of the direct rate at which nothing may be lost. */
const SHARE = 0.9;

const RATE: Figure = { name: 'rate', title: 'datagrams/s', unit: '/s', better: 'higher' };
const OFFERED: Figure = {
  name: 'offered',
  title: `of ${SHARE} of direct, sent`,
  unit: '',
  better: 'higher',
  aside: true,
};
const LOST: Figure = { name: 'lost', title: `lost at ${SHARE} of direct`, unit: '', better: 'lower' };

/**
 * Datagrams of 64 bytes: how many a second one sender gets through, and what is lost at 0.9 of the direct rate of the
 * same round. In namespaces the sender's CPU also carries the packets, so on a slower path it does not reach the rate.
 */
export const udp: Scenario = {
  name: 'udp',
  title: 'UDP, 64 bytes, to another host',
  about: 'rate of one sender, and loss at 0.9 of the direct rate',
  contenders: [
    CONTENDERS.direct,
    slow(CONTENDERS.tracked),
    CONTENDERS.portwayIptables,
    slow(CONTENDERS.iptables),
    slow(CONTENDERS.nftables),
    slow(CONTENDERS.portwayStream),
    slow(CONTENDERS.socat),
  ],
  loads: [
    {
      name: 'flood',
      title: '64 bytes, one flow',
      figures: [RATE, OFFERED, LOST],
      bounds: [
        {
          figure: 'lost',
          contender: 'portway-iptables',
          atMost: 0,
          every: true,
          title: `UDP of 64 bytes: datagrams lost at ${SHARE} of the direct rate`,
        },
        {
          figure: 'offered',
          contender: 'portway-iptables',
          atLeast: 0.99,
          title: `UDP of 64 bytes: part of ${SHARE} of the direct rate that the sender reached`,
        },
      ],
    },
  ],
  async setUp(contender, start) {
    const lane = await start('backend');
    const carrying = contender as Carrying;
    await carrying.carrier(lane, [GAME]);
    const to = { ...endpoint(lane, carrying, GAME), targetPort: GAME.port };
    return {
      lane,
      loads: {
        async flood(round) {
          // Two halves make one sample.
          const seconds = round.seconds / 2;
          const flood = await sendDatagrams(lane, { ...to, round, seconds, rate: 0 });
          if (flood.arrived === 0) throw new Error(`no datagram came through ${contender.name}`);
          // What arrived, not what was sent: a proxy drops what it cannot handle.
          const rate = (flood.arrived / flood.sent) * flood.rate;
          const asked = SHARE * (carrying.name === 'direct' ? rate : round.earlier('direct', 'rate'));
          const paced = await sendDatagrams(lane, { ...to, seconds, rate: asked });
          return { rate, offered: Math.min(1, paced.rate / asked), lost: paced.lost };
        },
      },
    };
  },
};
