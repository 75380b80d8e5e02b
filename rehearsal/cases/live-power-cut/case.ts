import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { CaseStep, DeployResult, RehearsalCase, Stage } from '../../src/case';
import { LOG, scriptEnd } from '../../src/script-end';
import { events } from '../changes';
import { BLOG, LIVE, OTHER, whoAnswers } from '../live-contents';
import { output, status } from '../on-host';
import { earlyState, keepEarlyState, random, SEED, type State, state } from '../power-cuts';

/** The two contents in turn: another target by the kernel, and one site of nginx more. */
const CONTENTS = ['first', 'another site'] as const;
type Content = (typeof CONTENTS)[number];

/** How often the power is cut: once in each of this many equal parts of a change, at a random moment. */
const CUTS = 4;
/** The longest time that a host may need to come to what is deployed after a failed deploy, in seconds. */
const LIMIT = 120;

const known: Partial<Record<Content, State>> = {};
/** Milliseconds from the changed tag to the deploy's end. */
let duration = 0;
const next = random(SEED);

/** Which content a state is; `neither` if some of it is of no content. */
function name(found: State, part: keyof State): Content | 'neither' {
  return CONTENTS.find((content) => known[content]?.[part] === found[part]) ?? 'neither';
}

/** Deploys a content. `heard` resolves when the instance's tag has changed, or the deploy has ended before. */
function change(stage: Stage, content: Content): { heard: Promise<Date>; deploying: Promise<DeployResult> } {
  const begin = new Date();
  let ended = false;
  const deploying = stage.deploy(content).finally(() => {
    ended = true;
  });
  // It is awaited only after the power was cut.
  deploying.catch(() => undefined);
  const heard = (async () => {
    for (;;) {
      const [tag] = events(stage, 'tags', begin);
      if (tag !== undefined || ended) return tag?.time ?? new Date();
      await sleep(20);
    }
  })();
  return { heard, deploying };
}

function cut(number: number): CaseStep {
  const [from, to]: readonly Content[] = number % 2 === 0 ? [...CONTENTS].reverse() : CONTENTS;
  return {
    title: `cut the power in the ${number + 1}. part of a change`,
    run: async (stage, note) => {
      if (from === undefined || to === undefined) return;
      const { checks, phase } = stage;
      const after = ((number + next()) / CUTS) * duration;
      const { heard, deploying } = change(stage, to);
      await heard;
      await sleep(after);
      await stage.vm().hardOff();
      await stage.vm().start();
      const seconds = await stage.answered();
      // The kernel forwards before anybody can log in.
      const end = await scriptEnd(stage);
      const early = await earlyState(stage);
      const [rules, nginx] = [name(early, 'rules'), name(early, 'nginx')];
      const moment = `${(after / 1000).toFixed(2)} s after the tag has changed (seed ${SEED})`;
      checks.passed(phase, `power cut ${moment}`, `the gateway forwards ${seconds} s after power-on`);
      checks.expect(
        phase,
        `the boot restores the old rules or the new (of "${rules}")`,
        rules !== 'neither',
        early.rules,
      );
      checks.expect(phase, `nginx.conf is the old or the new (of "${nginx}")`, nginx !== 'neither', early.nginx);
      checks.expect(phase, 'the boot sets up a content', end === 'forwards are up', end);
      const { ok, lines } = await deploying;
      note(
        `${moment}: early rules of "${rules}", nginx.conf of "${nginx}", ${seconds} s, deploy ${ok ? 'went well' : 'failed'}`,
      );
      const content = ok ? to : from;
      const told = ok ? 'it went well' : lines.join('; ');
      checks.expect(phase, `the deploy told the truth, and "${content}" is whole`, await comesTo(stage, content), told);
      const who = await whoAnswers(stage, BLOG);
      const right = content === 'another site' ? OTHER : 'nobody';
      checks.expect(phase, `the stranger gets what "${content}" gives`, who === right, who);
      const { well, text } = await status(stage);
      checks.expect(phase, '`portway status` finds all as it was deployed', well, text);
      // The next cut changes it back.
      if (!ok) await stage.deploy(to);
    },
  };
}

/** Whether the host forwards this content and nothing else. After a rollback nobody waits for it. */
async function comesTo(stage: Stage, content: Content): Promise<boolean> {
  const end = Date.now() + LIMIT * 1000;
  while (!isDeepStrictEqual(await state(stage), known[content])) {
    if (Date.now() > end) return false;
    await sleep(2000);
  }
  return true;
}

const livePowerCut: RehearsalCase = {
  about: `the power is cut ${CUTS} times in the middle of a live change: each boot has the old rules or the new, and the deploy tells the truth`,
  versions: LIVE,
  steps: [
    {
      title: 'change there, and learn how each content looks and how long a change takes',
      run: async (stage, note) => {
        await keepEarlyState(stage);
        known.first = await state(stage);
        const { heard, deploying } = change(stage, 'another site');
        const tag = await heard;
        const { ok, lines } = await deploying;
        duration = Date.now() - tag.getTime();
        if (!ok) throw new Error(`the other content was not deployed: ${lines.join('\n')}`);
        known['another site'] = await state(stage);
        note(`${duration / 1000} s from the tag, seed ${SEED}`);
        const { checks, phase } = stage;
        const differ = (['rules', 'nginx'] as const).every(
          (part) => known.first?.[part] !== known['another site']?.[part],
        );
        checks.expect(phase, 'the contents differ in rules and in nginx.conf', differ, known.first.rules);
        const log = await output(stage, `sudo tail -n 20 ${LOG}`);
        checks.expect(phase, 'the host has proved the other one', /SUCCESS was signalled/.test(log), log);
      },
    },
    ...Array.from({ length: CUTS }, (_, number) => cut(number)),
  ],
  leavesChanged: true,
};

export default livePowerCut;
