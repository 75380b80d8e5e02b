import { ADDRESS } from '../../../test/host/support/host';
import { iptablesByHand } from '../carriers/by-hand';
import type { Job } from '../carriers/job';
import { APPLY, applyRules, portwayIptables, writeIptables } from '../carriers/portway';
import { APPLICATION_PORT, type Lane } from '../lab/lane';
import { sendDatagrams } from '../load/udp';
import type { Contender, Figure, Round, Scenario, Values } from '../model';
import { manyJobs } from './many';

const GAME: Job = { protocol: 'udp', listen: 1_000, port: 1_001 };
/** Datagrams a second that cross a gateway while its rules change. Half of them start new flows. */
const RATE = 4_000;

const TRANSACTION: Figure = { name: 'transaction', title: 'kernel transaction', unit: 'ms', better: 'lower' };
const WHOLE: Figure = { name: 'whole', title: 'whole apply', unit: 'ms', better: 'lower' };
const LOST: Figure = { name: 'lost', title: 'datagrams lost', unit: '', better: 'lower' };
const SENT: Figure = { name: 'sent', title: 'datagrams sent', unit: '', better: 'higher', aside: true };
const APPLIES: Figure = { name: 'applies', title: 'applies', unit: '', better: 'higher', aside: true };

interface Applying extends Contender {
  readonly forwards: number;
  readonly byHand?: boolean;
}

/** This many forwards, all with their own targets, one of which changes with each generation. */
function generation(forwards: number, number: number): readonly Job[] {
  const [first, ...others] = manyJobs(forwards);
  return [GAME, ...(first === undefined ? [] : [{ ...first, port: APPLICATION_PORT + 1 + (number % 2) }]), ...others];
}

function contenders(forwards: number): readonly Applying[] {
  const many = forwards.toLocaleString('en');
  return [
    { name: `portway-${forwards}`, title: `Portway, ${many} forwards`, forwards, ours: true },
    { name: `iptables-${forwards}`, title: `iptables by hand, ${many} rules`, forwards, byHand: true },
  ];
}

/**
 * How long a change takes, and what it costs traffic that is being forwarded. Portway's script first tries the rules in
 * an empty namespace, compares them, applies both IP versions, reads them back and compares again. The kernel's part of
 * it, for IPv4, is also measured alone, as the same rules in one `iptables-restore`, which is all that a list by hand
 * needs.
 */
export const apply: Scenario = {
  name: 'apply',
  title: 'Applying a change',
  about: 'how long rules take to apply, and packets lost meanwhile',
  contenders: [...contenders(1_000), ...contenders(10_000).map((contender) => ({ ...contender, slow: true }))],
  loads: [
    {
      name: 'time',
      title: 'time of one change',
      figures: [TRANSACTION, WHOLE],
      bounds: [
        {
          figure: 'transaction',
          contender: 'portway-1000',
          atMost: 100,
          title: 'applying 1,000 forwards, the kernel transaction, in ms',
        },
      ],
    },
    {
      name: 'loss',
      title: 'datagrams that cross meanwhile',
      figures: [LOST, SENT, APPLIES],
      bounds: [
        {
          figure: 'lost',
          contender: 'portway-1000',
          atMost: 0,
          every: true,
          title: 'datagrams lost while 1,000 forwards are applied again and again',
        },
      ],
    },
  ],
  async setUp(contender, start) {
    const lane = await start('gateway');
    const { forwards, byHand } = contender as Applying;
    await (byHand ? iptablesByHand : portwayIptables)(lane, generation(forwards, 0));
    let number = 0;
    const next = () => generation(forwards, ++number);
    return {
      lane,
      loads: {
        time: (round) => time(lane, round, next, byHand === true),
        loss: (round) => loss(lane, round, next, byHand === true),
      },
    };
  },
};

async function time(lane: Lane, round: Round, next: () => readonly Job[], byHand: boolean): Promise<Values> {
  if (!byHand) await writeIptables(lane, next());
  return round.during(lane, async () => {
    // The kernel's current rules as one text: whole tables, removed and loaded by one transaction each.
    await lane.sh('gateway', 'iptables-nft-save >/run/bench.rules');
    const transaction = await milliseconds(lane, 'iptables-nft-restore </run/bench.rules');
    return { transaction, ...(byHand ? {} : { whole: await milliseconds(lane, APPLY) }) };
  });
}

/** How long a command on the gateway takes, without the time to get there. */
async function milliseconds(lane: Lane, command: string): Promise<number> {
  const script = `start=$EPOCHREALTIME\n${command}\nend=$EPOCHREALTIME\necho "$start $end"`;
  const [start, end] = (await lane.sh('gateway', script)).trim().split('\n').at(-1)?.split(' ') ?? [];
  return (Number(end) - Number(start)) * 1000;
}

/** Applies rules again and again while datagrams of old and new flows pass through a forward that does not change. */
async function loss(lane: Lane, round: Round, next: () => readonly Job[], byHand: boolean): Promise<Values> {
  const change = async () => {
    if (byHand) await iptablesByHand(lane, next());
    else {
      await writeIptables(lane, next());
      await applyRules(lane);
    }
  };
  let ended = false;
  const to = { host: ADDRESS.gateway.v4, port: GAME.listen, targetPort: GAME.port };
  const seconds = 2 * round.seconds;
  // Not earlier: rendering thousands of forwards takes longer than the sender waits for the receiver.
  let start: () => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    start = resolve;
  });
  const datagrams = sendDatagrams(lane, { ...to, seconds, rate: RATE, newFlows: true, onStart: start }).finally(() => {
    ended = true;
    start();
  });
  // Handled below. Until then, an unhandled rejection would end the whole program.
  datagrams.catch(() => undefined);
  await started;
  let applies = 0;
  for (; !ended; applies++) await change();
  const { sent, lost } = await datagrams;
  return { lost, sent, applies };
}
