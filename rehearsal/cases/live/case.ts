import type { CaseStep, RehearsalCase, Stage } from '../../src/case';
import { BLOG, changeLive, LIVE, ONE, OTHER, SHOP, whoAnswers } from '../live-contents';
import { status } from '../on-host';

/** Longest time from the tag to the first answer by the new rule, in seconds. An emulated processor is many times slower than a real one. */
const LIMIT = 60;

function step(title: string, version: keyof typeof LIVE, isNew: (stage: Stage) => Promise<boolean>): CaseStep {
  return {
    title,
    run: async (stage, note) => {
      const { checks, phase } = stage;
      const change = await changeLive(
        stage,
        () => stage.deploy(version),
        () => isNew(stage),
      );
      const { ok, seconds, toTraffic, figures, lines } = change;
      checks.expect(phase, `${title}: the deploy went well`, ok, lines.join('\n'));
      const text = `${toTraffic} s from the tag to the new rule, deploy ${seconds} s, ${figures}`;
      note(text);
      const soon = toTraffic !== undefined && toTraffic <= LIMIT;
      if (soon) checks.passed(phase, `${title}: in force soon after the tag has changed`, text);
      else checks.failed(phase, `${title}: in force within ${LIMIT} s after the tag has changed`, text);
      const { well, text: said } = await status(stage);
      checks.expect(phase, `${title}: \`portway status\` finds all as it was deployed`, well, said);
    },
  };
}

const live: RehearsalCase = {
  about:
    'changes of both engines with onChange live, and back: in force within seconds, no request of other forwards is lost',
  versions: LIVE,
  steps: [
    step('another target', 'another target', async (stage) => (await whoAnswers(stage, SHOP)) === OTHER),
    step('a site of nginx more', 'another site', async (stage) => (await whoAnswers(stage, BLOG)) === OTHER),
    step(
      'no longer for strangers',
      'for the admin only',
      async (stage) => (await whoAnswers(stage, SHOP)) === 'nobody',
    ),
    // This content was proved before, and must be proved again.
    step('back to the first', 'first', async (stage) => (await whoAnswers(stage, SHOP)) === ONE),
  ],
};

export default live;
