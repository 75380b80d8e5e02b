import type { CaseStep } from '../src/case';
import { answerOf, type FLEET, SHOP } from './fleet-contents';
import { boots, underLoad } from './fleet-load';

/** A host looks for changes every 30 s, then tries, applies and proves: how long that may take an emulated processor, in seconds. */
const LIMIT = 120;

/**
 * A change of one forward's target, while strangers use the others.
 * @param number of a case with many changes
 */
export function change(version: keyof typeof FLEET, target: string, number?: number): CaseStep {
  return {
    title: `live${number === undefined ? '' : ` ${number}`}: ${version}`,
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
