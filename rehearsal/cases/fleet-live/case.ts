import type { CaseStep, RehearsalCase } from '../../src/case';
import { answerOf, FLEET, ONE, OTHER, SHOP } from '../fleet-contents';
import { boots, underLoad } from '../fleet-load';

/** A host looks for changes every 30 s, then tries, applies and proves: how long that may take an emulated processor, in seconds. */
const LIMIT = 120;

function change(version: keyof typeof FLEET, target: string): CaseStep {
  return {
    title: `live: ${version}`,
    run: async (stage, note) => {
      const { checks, phase, fleet } = stage;
      const before = await boots(stage);
      let deploy = '';
      const { figures } = await underLoad(stage, async () => {
        const { ok, seconds, lines } = await stage.deploy(version);
        checks.expect(phase, `${version}: the deploy went well`, ok, lines.join('\n'));
        checks.expect(phase, `${version}: within ${LIMIT} s`, seconds <= LIMIT, `${seconds} s`);
        deploy = `deploy ${seconds} s`;
      });
      const text = `${deploy}, ${figures}`;
      note(text);
      for (const address of fleet.balancer.addresses) {
        const { by } = await answerOf(stage, address, SHOP);
        const what = `${version}: once the deploy has ended, ${address} leads to the new target`;
        if (by === target) checks.passed(phase, what, text);
        else checks.failed(phase, what, by);
      }
      checks.expect(phase, `${version}: the same boots of the same hosts`, (await boots(stage)) === before, before);
    },
  };
}

const live: RehearsalCase = {
  about:
    'changes of forwards on a running fleet, and back: all hosts take them while they run, no request of other forwards is lost',
  fleet: FLEET,
  steps: [change('another target', OTHER), change('first', ONE)],
};

export default live;
