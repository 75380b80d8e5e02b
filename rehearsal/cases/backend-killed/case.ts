import { setTimeout as sleep } from 'node:timers/promises';
import type { CaseStep, RehearsalCase, Stage } from '../../src/case';
import { VPC } from '../../src/network/addresses';
import { OLD } from '../changes';
import { LARGE_LIVE, POOL } from '../large';
import { status } from '../on-host';

const [KILLED, OTHER] = VPC.backends;
/** Requests a second: an emulated processor under load cannot answer many more in time. */
const RATE = 5;

/**
 * Waits until ten connections in a row reach these backends, each of them and no other. @returns the seconds it took
 */
async function meets(stage: Stage, url: string, addresses: readonly string[], limit: number): Promise<number> {
  const begin = Date.now();
  for (;;) {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => stage.lab.probe.http('stranger', url, { seconds: 3 })),
    );
    const met = new Set(answers.map(({ json }) => (json as { address: string } | undefined)?.address));
    if (met.size === addresses.length && addresses.every((address) => met.has(address)))
      return Math.round((Date.now() - begin) / 1000);
    if (Date.now() - begin > limit * 1000)
      throw new Error(`${url} met ${[...met].join(', ')} and not ${addresses.join(', ')} within ${limit} s`);
    await sleep(500);
  }
}

/**
 * Kills one of two backends while strangers ask, and starts it again. `mayLose`: its share is lost until its death is
 * noticed.
 */
function killAndRevive(title: string, port: number, mayLose: boolean): CaseStep {
  return {
    title,
    run: async (stage, note) => {
      const { checks, phase, lab, address } = stage;
      const url = `http://${address}:${port}/`;
      const backend = lab.backend(KILLED);
      await meets(stage, url, [KILLED, OTHER], 30);
      const dying = stage.watch(url, RATE);
      await sleep(2000);
      await backend.stop();
      const out = await meets(stage, url, [OTHER], 60);
      await sleep(5000);
      const { requests, lost } = await dying.stop();
      const dead = stage.watch(url, RATE);
      await sleep(6000);
      const without = await dead.stop();
      if (mayLose) {
        const { text } = await status(stage);
        checks.expect(phase, '`portway status` says which target is down', text.includes(`${KILLED}:8080 DOWN`), text);
      }
      const reviving = stage.watch(url, RATE);
      await backend.start();
      const back = await meets(stage, url, [KILLED, OTHER], 60);
      const revived = await reviving.stop();
      note(`${lost} of ${requests} lost; out after ${out} s, back after ${back} s`);
      const seen = `${lost} of ${requests} requests lost, ${out} s until all went to the other`;
      if (mayLose || lost === 0) checks.passed(phase, `port ${port}: a backend is killed`, seen);
      else checks.failed(phase, `port ${port}: a backend is killed, and no request is lost`, seen);
      const counted = (result: { lost: number; requests: number }) => `${result.lost} of ${result.requests} lost`;
      checks.expect(phase, `port ${port}: nothing is lost while it is dead`, without.lost === 0, counted(without));
      checks.expect(phase, `port ${port}: nothing is lost when it comes back`, revived.lost === 0, counted(revived));
      checks.passed(phase, `port ${port}: the revived backend gets its share again`, `after ${back} s`);
    },
  };
}

const backendKilled: RehearsalCase = {
  about:
    'one of two backends is killed under load, and revived: nginx loses no request, iptables few, both use it again',
  versions: LARGE_LIVE,
  steps: [
    killAndRevive('nginx: kill a backend, and revive it', POOL, false),
    killAndRevive('iptables with a health check: kill a backend, and revive it', OLD, true),
  ],
};

export default backendKilled;
