import { type Carrying, CONTENDERS } from '../carriers/contenders';
import { type Lane, TOOLS } from '../lab/lane';
import { crowd } from '../load/crowd';
import { checkedWrk, runWrk } from '../load/wrk';
import type { Figure, Round, Scenario, Values } from '../model';
import { carryWeb, endpoint, SECURE_WEB, WEB } from './set-up';

const MEMORY: Figure = { name: 'memory', title: 'memory, MiB', unit: 'MiB', better: 'lower' };
const QUIET: Figure = { name: 'quiet', title: 'p99 without them', unit: 'ms', better: 'lower', aside: true };
const P99: Figure = { name: 'p99', title: 'p99 with them', unit: 'ms', better: 'lower', aside: true };
const TIMES: Figure = { name: 'times', title: 'p99, times', unit: '', better: 'lower', aside: true };

const PLAIN = CONTENDERS.portwayNginx;
const TLS: Carrying = { ...CONTENDERS.portwayTls, name: 'portway-tls', title: 'Portway, nginx, TLS 1.3' };

/**
 * Connections that were used once and are left open, as browsers leave them. There are no peers: haproxy accepts at
 * most half as many connections as it may open files, and stock nginx about 1,500.
 */
export function idleScenario(count: number): Scenario {
  const many = count.toLocaleString('en');
  return {
    name: 'idle',
    title: `${many} idle connections`,
    about: `memory of nginx with ${many} idle connections, and what they cost others`,
    contenders: [PLAIN, TLS],
    slow: true,
    loads: [
      {
        name: 'idle',
        title: 'asked on once, then left open',
        rounds: 2,
        figures: [MEMORY, QUIET, P99, TIMES],
        bounds: [
          {
            figure: 'memory',
            contender: PLAIN.name,
            atMost: 100,
            title: `${many} idle connections, memory of nginx, in MiB`,
          },
          {
            figure: 'times',
            contender: PLAIN.name,
            atMost: 2,
            title: `p99 of others beside ${many} idle connections, of that without them`,
          },
        ],
      },
    ],
    async setUp(contender, start) {
      const lane = await start('backend');
      const carrying = contender as Carrying;
      const url = await carryWeb(lane, carrying);
      return { lane, loads: { idle: (round) => idle(lane, round, carrying, url, count) } };
    },
  };
}

export const idle10k = idleScenario(10_000);

async function idle(lane: Lane, round: Round, carrying: Carrying, url: string, count: number): Promise<Values> {
  const { host, port } = endpoint(lane, carrying, carrying.tls ? SECURE_WEB : WEB);
  const ask = () => checkedWrk(lane, { url }, () => runWrk(lane, round.seconds, { url }));
  const before = await ask();
  const end = await crowd(lane, `python3 ${TOOLS}/idle.py ${host} ${port} ${count} ${carrying.tls ? 'tls' : 'plain'}`);
  try {
    await assertOpen(lane, port, count);
    const memory = await nginxMiB(lane);
    const { p99 } = await round.during(lane, ask);
    await assertOpen(lane, port, count);
    return { memory, quiet: before.p99, p99, times: p99 / before.p99 };
  } finally {
    await end();
  }
}

/** The memory of nginx's processes together; shared memory counts once. Without the kernel's memory for connections. */
async function nginxMiB(lane: Lane): Promise<number> {
  const each = "for pid in $(pgrep -x nginx); do awk '/^Pss:/ { print $2 }' /proc/$pid/smaps_rollup; done";
  return Number(await lane.sh('gateway', `{ ${each}; } | awk '{ kib += $1 } END { print kib / 1024 }'`));
}

async function assertOpen(lane: Lane, port: number, count: number): Promise<void> {
  const open = Number(await lane.sh('gateway', `ss -Htn state established 'sport = :${port}' | wc -l`));
  if (open < count) throw new Error(`of ${count} connections ${open} are open`);
}
