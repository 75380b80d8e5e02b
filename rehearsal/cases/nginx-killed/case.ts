import { setTimeout as sleep } from 'node:timers/promises';
import type { RehearsalCase, Stage, WatchResult } from '../../src/case';
import { median } from '../../src/median';
import type { Note } from '../../src/report/steps';
import { has, output, status } from '../on-host';

/**
 * Longest time without an answer, in seconds, in addition to the time that this processor needs to start nginx by
 * hand: a second on a real one, several on a busy emulated one.
 */
const LIMIT = 2;
/** Requests a second: more would keep an emulated processor from starting nginx. */
const RATE = 4;
const TIMES = 3;

/** Seconds that a start by hand takes. */
async function start(stage: Stage): Promise<number> {
  const said = await output(stage, "sudo bash -c 'systemctl stop nginx; time -p systemctl start nginx' 2>&1");
  await stage.answered(60);
  return Number(/real ([\d.]+)/.exec(said)?.[1]);
}

/** Kills master and workers in one go: workers killed alone would just be restarted by their master. */
async function kill(stage: Stage): Promise<WatchResult> {
  const { checks, phase } = stage;
  const main = () => output(stage, 'sudo cat /run/nginx.pid');
  const before = await main();
  const watch = stage.watch(undefined, RATE);
  await sleep(1000);
  await output(stage, 'sudo pkill -KILL -x nginx');
  await sleep(500);
  await stage.answered(60);
  await sleep(1000);
  const seen = await watch.stop();
  const after = await main();
  checks.expect(phase, 'it was another nginx that answered', after !== before, `process ${before} before and after`);
  return seen;
}

async function killAgainAndAgain(stage: Stage, note: Note): Promise<void> {
  const { checks, phase } = stage;
  if (!(await has(stage, '/usr/local/lib/portway/host.d/nginx.sh'))) {
    checks.skipped(phase, 'nginx that is killed is back by itself', 'this gateway has no nginx');
    return;
  }
  const starts: number[] = [];
  const kills: WatchResult[] = [];
  for (let time = 0; time < TIMES; time++) {
    starts.push(await start(stage));
    kills.push(await kill(stage));
  }
  // The middle one, since the machine that emulates this processor may stall in any one of them.
  const downtime = median(kills.map((one) => one.downtime));
  note(`${downtime} s`);
  const lost = kills.map(({ downtime, lost, requests }) => `${downtime} s, ${lost} of ${requests} requests lost`);
  const seen = `without an answer: ${lost.join('; ')}; starts by hand took ${starts.join(', ')} s`;
  const what = `it answers again within ${LIMIT} s, and the time of a start by hand`;
  if (downtime <= LIMIT + median(starts)) checks.passed(phase, what, seen);
  else checks.failed(phase, what, seen);
}

const nginxKilled: RehearsalCase = {
  about: 'nginx is killed with all its workers, three times: it answers again within 2 seconds',
  steps: [
    { title: 'kill master and workers, three times', run: killAgainAndAgain },
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
