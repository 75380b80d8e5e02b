import type { HealthHost } from './health';
import { ADDRESS } from './host';

/** The targets of health tests. Each stands for a separate host, with its own address and port. */
export const BACKENDS = {
  first: { v4: '10.0.1.11', v6: 'fd00:1::11', port: 9001 },
  second: { v4: '10.0.1.12', v6: 'fd00:1::12', port: 9002 },
  third: { v4: '10.0.1.13', v6: 'fd00:1::13', port: 9003 },
} as const;

export type Name = keyof typeof BACKENDS;
export const NAMES = ['first', 'second', 'third'] as const;

/** The shortest check that props allow. */
export const QUICK = { interval: 1, failures: 2 } as const;

/** A backend as a target. */
export function at(name: Name, family: 'v4' | 'v6' = 'v4'): string {
  const { port, v4, v6 } = BACKENDS[name];
  return family === 'v4' ? `${v4}:${port}` : `[${v6}]:${port}`;
}

/** Starts the application on the backends. */
export async function serve(
  health: HealthHost,
  protocol: 'tcp' | 'udp',
  family: 'v4' | 'v6' = 'v4',
  names: readonly Name[] = NAMES,
): Promise<void> {
  for (const name of names) await health.backend(protocol, BACKENDS[name][family], BACKENDS[name].port, name);
}

/** The rules of a forward's chain. */
export function chain(health: HealthHost, name: string, family: 'iptables' | 'ip6tables' = 'iptables') {
  return health.rules.chain('nat', `PORTWAY-${name}`, family);
}

/** Which targets answer a number of connections to port 7000. @throws Error if one of them fails */
export async function answering(health: HealthHost, count = 60, family: 'v4' | 'v6' = 'v4'): Promise<string[]> {
  return Object.keys(await health.host.share('tcp', ADDRESS.gateway[family], 7000, count)).sort();
}
