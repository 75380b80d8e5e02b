import { containsCidr } from 'cidr-tools';

import { type Finding, warning, well } from './finding';
import type { Preflight } from './stack';

/** Answers with the caller's public IPv4 address. @see https://checkip.amazonaws.com */
const WHO_AM_I = 'https://checkip.amazonaws.com';
const PATIENCE = 5000;

/** Whether this machine may log in: its public address is that of `adminCidr`. */
export async function admin({ plan }: Preflight, whoAmI = WHO_AM_I): Promise<readonly Finding[]> {
  const networks = plan.inbound
    .filter(({ protocol, ports }) => protocol === 'tcp' && ports !== undefined && ports.from <= 22 && ports.to >= 22)
    .map(({ peer }) => peer)
    .filter((peer) => peer.includes('/'));
  if (networks.length === 0) return [];
  const own = await ownAddress(whoAmI);
  if (own === undefined) return [warning(`${whoAmI} did not answer, so this machine's address is not known`)];
  return networks.some((network) => containsCidr(network, own))
    ? [well(`this machine, ${own}, may log in`)]
    : [warning(`this machine, ${own}, may not log in: adminCidr is ${networks.join(', ')}`)];
}

async function ownAddress(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) });
    const text = (await answer.text()).trim();
    return answer.ok && /^\d+\.\d+\.\d+\.\d+$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
