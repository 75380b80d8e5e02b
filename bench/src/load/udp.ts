import { setTimeout as sleep } from 'node:timers/promises';
import { type Lane, TOOLS } from '../lab/lane';
import type { Round } from '../model';

const SCRIPT = `${TOOLS}/udp.py`;

export interface UdpOptions {
  /** The address that the client sends to. */
  readonly host: string;
  readonly port: number;
  /** The receiver's port, on the side of the lane's application. */
  readonly targetPort: number;
  /** If set, CPU time is counted while the sender runs. Default: it is not counted. */
  readonly round?: Round;
  readonly seconds: number;
  /** Datagrams a second; 0 is as fast as the sender can. */
  readonly rate: number;
  /** Every second datagram starts a new flow. */
  readonly newFlows?: boolean;
  /** Called when the receiver is ready, just before the first datagram. */
  readonly onStart?: () => void;
}

export interface UdpReport {
  readonly sent: number;
  /** How many different datagrams arrived. */
  readonly arrived: number;
  readonly lost: number;
  /** How many datagrams a second were sent. */
  readonly rate: number;
}

/** Sends datagrams of 64 bytes, and counts which ones arrive. */
export async function sendDatagrams(lane: Lane, options: UdpOptions): Promise<UdpReport> {
  const { host, port, targetPort, round, seconds, rate, newFlows, onStart } = options;
  const receiver = lane.run(lane.applicationAt, ['python3', SCRIPT, 'receive', `${targetPort}`]);
  await bound(lane, targetPort);
  onStart?.();
  const words = [host, port, seconds, rate, ...(newFlows ? ['new-flows'] : [])].map(String);
  const send = () => lane.run('client', ['python3', SCRIPT, 'send', ...words]);
  const sender = await (round === undefined ? send() : round.during(lane, send));
  const received = await receiver;
  if (sender.code !== 0 || received.code !== 0) throw new Error(`${sender.stderr}${received.stderr}`);
  const { sent, seconds: took } = JSON.parse(sender.stdout);
  const { received: all, distinct } = JSON.parse(received.stdout.split('\n')[1] ?? '');
  if (all !== distinct) throw new Error(`${all - distinct} datagrams arrived twice`);
  return { sent, arrived: distinct, lost: sent - distinct, rate: sent / took };
}

async function bound(lane: Lane, port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { stdout } = await lane.run(lane.applicationAt, ['ss', '-Hlun', `sport = :${port}`]);
    if (stdout !== '') return;
    await sleep(20);
  }
  throw new Error(`no receiver on UDP port ${port}`);
}
