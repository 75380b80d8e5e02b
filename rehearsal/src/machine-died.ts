import { setTimeout as sleep } from 'node:timers/promises';
import type { Instances } from './instances';

/**
 * How long a machine may be off, in seconds, before a deploy that waits for it is given up. A case may cut its power.
 */
const OFF_LIMIT = 90;

const POWER: ReadonlySet<string> = new Set(['launched', 'started', 'stopped', 'terminated']);

/** Rejects when a machine that should run has been off for too long. Never resolves. */
export async function machineDied(instances: Instances, signal: AbortSignal): Promise<never> {
  const offSince = new Map<string, number>();
  for (;;) {
    await sleep(1000, undefined, { signal });
    for (const id of instances.ids) {
      const last = instances.events.filter((event) => event.instanceId === id && POWER.has(event.what)).at(-1);
      const vm = instances.vm(id);
      if (vm.alive || last?.what === 'stopped' || last?.what === 'terminated') offSince.delete(id);
      else offSince.set(id, offSince.get(id) ?? Date.now());
      if (Date.now() - (offSince.get(id) ?? Date.now()) > OFF_LIMIT * 1000)
        throw new Error(`the machine ${id} switched off before the host reported: see ${vm.console}`);
    }
  }
}
