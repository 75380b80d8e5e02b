import type { HealthCheck } from '../aws/balancer';

/**
 * What a balancer thinks of a host: `initial` until enough answers were good for the first time, `draining` from the moment on at which
 * it shall go: its health does not matter any more.
 */
export type Health = 'initial' | 'healthy' | 'unhealthy' | 'draining';

/** A host's health by its answers in a row, as the thresholds of its target groups say. */
export class HostHealth {
  state: Exclude<Health, 'draining'> = 'initial';
  #good = 0;
  #bad = 0;

  /** @returns whether the state has changed */
  add(isGood: boolean, { healthyCount, unhealthyCount }: HealthCheck): boolean {
    this.#good = isGood ? this.#good + 1 : 0;
    this.#bad = isGood ? 0 : this.#bad + 1;
    const before = this.state;
    if (this.#good >= healthyCount) this.state = 'healthy';
    if (this.#bad >= unhealthyCount) this.state = 'unhealthy';
    return this.state !== before;
  }
}

/**
 * The hosts of a zone that get new connections: the healthy ones. If there is none, all of them: a balancer's part in a zone fails open.
 */
export function receivers<T extends { readonly state: Health }>(hosts: readonly T[]): readonly T[] {
  const healthy = hosts.filter(({ state }) => state === 'healthy');
  return healthy.length > 0 ? healthy : hosts;
}
