import { setTimeout as sleep } from 'node:timers/promises';
import type { RehearsalCase, Stage } from '../../src/case';
import type { Note } from '../../src/report/steps';
import { has, output, status } from '../on-host';

/**
 * Longest time without an answer, in seconds, in addition to the time that this processor needs to start a unit that
 * reads nginx's configuration.
 */
const LIMIT = 2;
/** Requests a second: more would keep an emulated processor from starting nginx. */
const RATE = 4;

async function kill(stage: Stage, note: Note): Promise<void> {
  const { checks, phase } = stage;
  if (!(await has(stage, '/usr/local/lib/portway/host.d/nginx.sh'))) {
    checks.skipped(phase, 'nginx that is killed is back by itself', 'this gateway has no nginx');
    return;
  }
  const main = () => output(stage, 'sudo cat /run/nginx.pid');
  const before = await main();
  const watch = stage.watch(undefined, RATE);
  // 50 ms on a real processor, seconds on a busy emulated one.
  const start = "sudo bash -c 'time -p systemd-run --quiet --collect --wait nginx -t -q' 2>&1";
  const starting = Number(/real ([\d.]+)/.exec(await output(stage, start))?.[1]);
  await sleep(1000);
  // All in one go: killed alone, workers would just be restarted by their master.
  await output(stage, 'sudo pkill -KILL -x nginx');
  await sleep(500);
  await stage.answered(60);
  await sleep(1000);
  const { downtime, requests, lost } = await watch.stop();
  note(`${downtime} s`);
  const seen = `${downtime} s without an answer, ${lost} of ${requests} requests lost; a unit that reads its configuration takes ${starting} s`;
  const what = `it answers again within ${LIMIT} s, and the time of starting a unit that reads its configuration`;
  if (downtime <= LIMIT + starting) checks.passed(phase, what, seen);
  else checks.failed(phase, what, seen);
  const after = await main();
  checks.expect(phase, 'it was another nginx that answered', after !== before, `process ${before} before and after`);
}

const nginxKilled: RehearsalCase = {
  about: 'nginx is killed with all its workers, three times: it answers again within 2 seconds',
  steps: [
    { title: 'kill master and workers', run: kill },
    { title: 'kill them again', run: kill },
    { title: 'and once more', run: kill },
    {
      title: 'ask the gateway how it is',
      run: async (stage) => {
        const { well, text } = await status(stage);
        stage.checks.expect(stage.phase, '`portway status` finds all as it was deployed', well, text);
      },
    },
  ],
};

export default nginxKilled;
