import type { CaseStep, RehearsalCase } from '../../src/case';
import { FLEET } from '../fleet-contents';
import { boots, underLoad } from '../fleet-load';

/** The deploy fails, and nobody notices but who deployed. */
const bad: CaseStep = {
  title: 'a change that every host refuses',
  run: async (stage, note) => {
    const { checks, phase, fleet } = stage;
    const [begin, before] = [new Date(), await boots(stage)];
    const { figures } = await underLoad(stage, async () => {
      const { ok, seconds, lines } = await stage.deploy('taken port');
      checks.expect(phase, 'cdk deploy failed', !ok, 'it went well');
      const shown = lines.find((line) => /Received FAILURE signal with UniqueId i-\w+ /.test(line));
      checks.expect(phase, 'cdk deploy shows what failed, and on which host', shown !== undefined, lines.join('\n'));
      note(`deploy ${seconds} s; ${shown ?? ''}`);
    });
    note(figures);
    const unhealthy = fleet.balancer.events.filter(({ state, time }) => state === 'unhealthy' && time >= begin);
    checks.expect(phase, 'no host was unhealthy for a moment', unhealthy.length === 0, JSON.stringify(unhealthy));
    checks.expect(phase, 'the same boots of the same hosts', (await boots(stage)) === before, before);
  },
};

const badChange: RehearsalCase = {
  about:
    'a change that fails on every host of a fleet: the deploy fails and says why, hosts go back by themselves, no request is lost',
  fleet: FLEET,
  steps: [bad],
};

export default badChange;
