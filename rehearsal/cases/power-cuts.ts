import { join } from 'node:path';
import type { Stage } from '../src/case';
import { output, put } from './on-host';

/** Decides the moments at which the power is cut. Pass the seed of a failed run to repeat it. */
export const SEED = Number(process.env.PORTWAY_SEED ?? Date.now() % 1_000_000);

/** What is forwarded: the rules in the kernel and nginx's configuration. */
export interface State {
  readonly rules: string;
  readonly nginx: string;
}

/** Rules and own chains, by table. Without counters and empty tables, which the kernel keeps until it boots. */
function bare(text: string): string {
  const tables = text.split(/^COMMIT$/m).map((table) => table.match(/^(\*|-A |:PORTWAY-).*/gm) ?? []);
  return tables
    .filter((lines) => lines.length > 1)
    .map((lines) => lines.join('\n').replace(/ \[\d+:\d+\]$/gm, ''))
    .sort()
    .join('\n');
}

/** What is forwarded now. */
export async function state(
  stage: Stage,
  rules = 'iptables-nft-save; ip6tables-nft-save',
  conf = '/etc/nginx/nginx.conf',
): Promise<State> {
  const text = await output(stage, `sudo sh -c '${rules}; echo =====; cat ${conf}'`);
  const [first = '', nginx = ''] = text.split('=====\n');
  return { rules: bare(first), nginx };
}

/** Makes each boot keep what it has restored before anything else of the boot can change it: see `earlyState`. */
export async function keepEarlyState(stage: Stage): Promise<void> {
  await put(stage, join(__dirname, 'witness.service'), '/etc/systemd/system/witness.service');
  await output(stage, 'sudo systemctl -q enable witness');
}

/** What was forwarded early in this boot. */
export const earlyState = (stage: Stage): Promise<State> => state(stage, 'cat /run/witness.rules', '/run/witness.conf');

/** Numbers between 0 and 1 from a seed (Lehmer's generator). */
export function random(seed: number): () => number {
  let value = (seed % 2147483646) + 1;
  return () => {
    value = (value * 48271) % 2147483647;
    return value / 2147483647;
  };
}
