import { setTimeout as sleep } from 'node:timers/promises';
import { contentOf } from '../../src/aws/deployed';
import type { CaseStep, RehearsalCase, Stage } from '../../src/case';
import { LOG } from '../../src/script-end';
import { events } from '../changes';
import { LIVE, ONE, OTHER, SHOP, whoAnswers } from '../live-contents';
import { output, status } from '../on-host';

/** How long the host is kept from hearing of a change, in seconds: a deploy that does not wait for it ends sooner. */
const DEAF = 10;

/** How often the host has reported a content as proved. */
async function proofs(stage: Stage, content: string): Promise<number> {
  const id = content.slice(0, 16);
  return Number(await output(stage, `sudo grep -c 'SUCCESS was signalled to .*${id}' ${LOG} || :`));
}

function step(version: keyof typeof LIVE, who: string, time: string): CaseStep {
  return {
    title: `deploy "${version}" for the ${time} time`,
    run: async (stage, note) => {
      const { checks, phase } = stage;
      const begin = new Date();
      let ended = false;
      await output(stage, 'sudo systemctl kill --signal=STOP portway-live');
      const deploying = stage.deploy(version).finally(() => {
        ended = true;
      });
      // A deploy that fails early is told below.
      deploying.catch(() => undefined);
      while (!ended && events(stage, 'tags', begin).length === 0) await sleep(100);
      const content = contentOf(await stage.gateway());
      const before = await proofs(stage, content);
      await sleep(DEAF * 1000);
      const waits = !ended;
      const old = await whoAnswers(stage, SHOP);
      await output(stage, 'sudo systemctl kill --signal=CONT portway-live');
      const { ok, seconds, lines } = await deploying;
      note(`${seconds} s, of which the host heard nothing for ${DEAF}`);
      checks.expect(phase, 'the deploy waits while the host has heard nothing of it', waits, 'it had ended');
      checks.expect(phase, 'and the rules of before go on', old !== who, old);
      checks.expect(phase, 'then it goes well', ok, lines.join('\n'));
      const now = await whoAnswers(stage, SHOP);
      checks.expect(phase, `"${version}" is in force`, now === who, now);
      const after = await proofs(stage, content);
      const told = `${before} reports of ${content} before, ${after} after`;
      checks.expect(phase, 'the host has proved this content anew', after === before + 1, told);
      const { well, text } = await status(stage);
      checks.expect(phase, '`portway status` finds all as it was deployed', well, text);
    },
  };
}

const liveBackAndForth: RehearsalCase = {
  about: 'a content, another, and both again, with onChange live: each deploy waits until the host has proved it anew',
  versions: LIVE,
  steps: [
    step('another target', OTHER, 'first'),
    step('first', ONE, 'second'),
    step('another target', OTHER, 'second'),
    step('first', ONE, 'third'),
  ],
};

export default liveBackAndForth;
