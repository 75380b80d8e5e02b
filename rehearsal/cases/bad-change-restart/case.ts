import { join } from 'node:path';
import type { CaseStep, RehearsalCase, Stage } from '../../src/case';
import { scriptEnd } from '../../src/script-end';
import { type BadChange, portTaken, repositoryDown } from '../bad-changes';
import { type Answer, asks, CONTENTS, events, failedWith, isInForce, OLD, SLOWLY, whileAsking } from '../changes';
import { output, put, status } from '../on-host';

/** Debian's nginx includes this file, which a package or a colleague may have left there. */
const MODULES = '/etc/nginx/modules-enabled/50-broken.conf';

const CHANGES: readonly BadChange<keyof typeof CONTENTS>[] = [
  repositoryDown('a package is needed, and the repository is down', 'another package'),
  portTaken('taken port'),
  {
    title: 'nginx refuses its configuration',
    version: 'another site',
    why: /unknown directive "load_modul"/,
    during: async (stage, deploy) => {
      await output(stage, 'sudo mkdir -p /etc/nginx/modules-enabled');
      await put(stage, join(__dirname, 'broken-module.conf'), MODULES);
      try {
        return await deploy();
      } finally {
        await stage.answered();
        await output(stage, `sudo rm ${MODULES}`);
      }
    },
  },
];

/** Between the two restarts: the host has found the change bad, and CloudFormation has not yet stopped it again. */
function answersBetween(stage: Stage, since: Date, answers: readonly Answer[]): number {
  const [up] = events(stage, 'started', since);
  const [, down] = events(stage, 'stopped', since);
  if (up === undefined || down === undefined) return 0;
  return answers.filter(({ time, good }) => good && time > up.time && time < down.time).length;
}

function step({ title, version, why, during = (_, deploy) => deploy() }: BadChange<keyof typeof CONTENTS>): CaseStep {
  return {
    title,
    run: async (stage, note) => {
      const { checks, phase } = stage;
      const before = await stage.gateway();
      const begin = new Date();
      const watch = stage.watch(undefined, SLOWLY);
      const [result, answers] = await whileAsking(stage, async () => {
        const deployed = await during(stage, () => stage.deploy(version));
        await stage.answered();
        return deployed;
      });
      const { downtime, lost, requests } = await watch.stop();
      failedWith(stage, result, why);
      const figures = `${downtime.toFixed(1)} s at most without an answer, ${lost} of ${requests} requests lost, deploy ${result.seconds} s`;
      note(figures);
      checks.passed(phase, 'a bad change costs two restarts', figures);
      const [stops, starts] = [events(stage, 'stopped', begin), events(stage, 'started', begin)];
      checks.expect(
        phase,
        'CloudFormation restarted the host twice: with the change, and without it',
        stops.length === 2 && starts.length === 2,
        `stopped ${stops.length} times, started ${starts.length} times`,
      );
      const between = answersBetween(stage, begin, answers);
      checks.expect(
        phase,
        'after the first restart the last good rules ran',
        between > 0,
        'no answer until the second one',
      );
      const after = await stage.gateway();
      checks.expect(
        phase,
        'the instance and its user-data are those of before',
        after.instanceId === before.instanceId && after.userData.equals(before.userData) && after.associated,
        after.instanceId,
      );
      const end = await scriptEnd(stage);
      checks.expect(
        phase,
        "after the second restart the host's script found all in order",
        end === 'forwards are up',
        end,
      );
      await isInForce(stage, 'first', 'after the second restart');
      const { well, text } = await status(stage);
      checks.expect(phase, '`portway status` finds all as it was deployed', well, text);
      checks.expect(phase, 'the gateway forwards', (await asks(stage, OLD)) === 'application', `no answer on ${OLD}`);
    },
  };
}

const badChangeRestart: RehearsalCase = {
  about: 'changes that fail on the host, with onChange restart: the deploy says why, and the last good rules go on',
  versions: CONTENTS,
  steps: CHANGES.map(step),
};

export default badChangeRestart;
