import { setTimeout as sleep } from 'node:timers/promises';
import { type Carrying, CONTENDERS } from '../carriers/contenders';
import { portwayHttp } from '../carriers/portway';
import { addAttacker, TO_ATTACK } from '../lab/attacker';
import type { Lane } from '../lab/lane';
import { crowd } from '../load/crowd';
import { type Report, runWrk } from '../load/wrk';
import type { Figure, Round, Scenario, Values } from '../model';
import { carryWeb } from './set-up';

const SLOW_HEADS = 2_000;
/** The clients that should still be served, from one address: about 250 requests a second. */
const OTHERS = { connections: 10, pause: 40 } as const;
/** A p99 of so few requests needs more time than other figures; in samples. */
const LONG = 3;

const TIMES: Figure = { name: 'times', title: "others' p99, times", unit: '', better: 'lower', aside: true };
const QUIET: Figure = { name: 'quiet', title: 'p99 before', unit: 'ms', better: 'lower', aside: true };
const P99: Figure = { name: 'p99', title: 'p99 meanwhile', unit: 'ms', better: 'lower', aside: true };
const UNSERVED: Figure = { name: 'unserved', title: "others' requests not served", unit: '', better: 'lower' };
const ATTACK: Figure = { name: 'attack', title: "attacker's requests/s", unit: '/s', better: 'higher', aside: true };

const limited: Carrying = {
  ...CONTENDERS.portwayNginx,
  title: 'Portway, nginx, with limits',
  carrier: portwayHttp({ limits: { requestsPerSecond: 500, burst: 500, openConnections: 50 } }),
};
const unlimited: Carrying = { ...CONTENDERS.portwayNginx, name: 'portway-unlimited', title: 'Portway, nginx, without' };

/**
 * What an attacker costs all others: one address that asks as fast as it can, and one that sends request heads byte by
 * byte.
 */
export const attack: Scenario = {
  name: 'attack',
  title: 'Others while one address attacks',
  about: "others' p99 while one address floods, or holds 2,000 connections with slow heads",
  contenders: [limited, unlimited, CONTENDERS.nginxStock],
  slow: true,
  loads: [
    {
      name: 'flood',
      title: 'one address asks as fast as it can',
      rounds: 5,
      figures: [TIMES, QUIET, P99, UNSERVED, ATTACK],
      bounds: [
        {
          figure: 'times',
          contender: limited.name,
          atMost: 2,
          title: "others' p99 while one address floods, of that before",
        },
        {
          figure: 'unserved',
          contender: limited.name,
          atMost: 0,
          every: true,
          title: "others' requests not served while one address floods",
        },
      ],
    },
    {
      name: 'heads',
      title: '2,000 connections with slow heads',
      rounds: 2,
      figures: [TIMES, QUIET, P99, UNSERVED],
      bounds: [
        {
          figure: 'unserved',
          contender: limited.name,
          atMost: 0,
          every: true,
          title: "others' requests not served beside 2,000 slow heads",
        },
      ],
    },
  ],
  async setUp(contender, start) {
    const lane = await start('backend');
    const url = await carryWeb(lane, contender as Carrying);
    await addAttacker(lane);
    return {
      lane,
      loads: {
        flood: (round) => flood(lane, round, url),
        heads: (round) => heads(lane, round, url),
      },
    };
  },
};

/** The clients' programs must not compete with each other for CPU: the attacker's yield to all others. */
async function flood(lane: Lane, round: Round, url: string): Promise<Values> {
  const quiet = await others(lane, round, url);
  const attacker = runWrk(lane, LONG * round.seconds + 0.6, { url: `http://${TO_ATTACK.gateway}/`, priority: 'last' });
  await sleep(300);
  const meanwhile = await round.during(lane, () => others(lane, round, url));
  const { requests, seconds } = await attacker;
  return { ...compared(quiet, meanwhile), attack: requests / seconds };
}

async function heads(lane: Lane, round: Round, url: string): Promise<Values> {
  const quiet = await others(lane, round, url);
  const end = await crowd(lane, `python3 /support/crowd.py heads ${TO_ATTACK.gateway} 80 ${SLOW_HEADS}`);
  try {
    return compared(quiet, await round.during(lane, () => others(lane, round, url)));
  } finally {
    await end();
  }
}

function others(lane: Lane, round: Round, url: string): Promise<Report> {
  return runWrk(lane, LONG * round.seconds, { url, priority: 'first', ...OTHERS });
}

/** If nobody was served, there is no p99. */
function compared(quiet: Report, { requests, p99, failed, refused }: Report): Values {
  const unserved = failed + refused;
  return { ...(requests > refused ? { times: p99 / quiet.p99, p99 } : {}), quiet: quiet.p99, unserved };
}
