import type { Lane } from '../lab/lane';
import type { Figure, Round, Values } from '../model';

export const THROUGHPUT: Figure = { name: 'throughput', title: 'Gbit/s', unit: 'Gbit/s', better: 'higher' };

/** One TCP connection that sends as much as possible. The server must be running. */
export async function iperf(lane: Lane, round: Round, host: string, port: number): Promise<Values> {
  const command = ['iperf3', '-c', host, '-p', `${port}`, '-t', `${Math.ceil(round.seconds)}`, '--json'];
  const { stdout } = await round.during(lane, () => lane.run('client', command));
  const report = JSON.parse(stdout);
  if (report.error !== undefined) throw new Error(`iperf3: ${report.error}`);
  return { throughput: report.end.sum_received.bits_per_second / 1e9 };
}
